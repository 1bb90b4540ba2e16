"""The container's own HTTP API: the same renderers, without the queue."""
