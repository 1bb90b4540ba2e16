"""Step Functions executions and callbacks, and the queues that feed executions and GPU tasks."""
