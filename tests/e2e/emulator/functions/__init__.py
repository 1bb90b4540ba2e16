"""Lambda: processes, packages, and how queues and functions meet."""
