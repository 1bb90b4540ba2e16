"""ECS: tasks as local processes, their instances, states and ends."""
