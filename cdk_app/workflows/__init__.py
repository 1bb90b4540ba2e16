"""Step Functions state machines, state by state."""
