"""Training of networks and styles."""
