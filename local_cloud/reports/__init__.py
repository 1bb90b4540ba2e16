"""Reports for operators: executions, jobs, logs and status."""
