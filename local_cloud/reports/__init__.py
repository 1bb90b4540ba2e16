"""What operators read: executions, jobs, logs and status."""
