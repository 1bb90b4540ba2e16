"""ECS capacity, and the services and tasks of the GPU pools."""
