"""Scale-in: how long a worker without work keeps its task. The worker and the simulation use the same value."""

# A worker clears the scale-in protection of its task within this time after its last work. A busy fleet has few workers
# that are idle for longer, so a longer time keeps tasks that nobody needs. A shorter time takes more calls of ECS.
UNPROTECTED_AFTER_S = 3.0
