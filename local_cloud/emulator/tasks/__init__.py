"""GPU tasks as local processes: where they run, what capacity they have, and how spot instances are taken away."""
