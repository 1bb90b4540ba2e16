"""What the handlers cost: CPU time, calls, read units and memory."""
