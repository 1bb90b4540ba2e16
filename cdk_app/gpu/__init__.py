"""ECS capacity, tasks and warm pools with GPUs."""
