"""Step Functions: executions and their limits."""
