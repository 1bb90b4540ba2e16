"""The container's own HTTP API: the same studio for orders that come from elsewhere than the queue."""
