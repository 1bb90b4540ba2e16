"""The stacks. Each contains what is deployed, kept and deleted together."""
