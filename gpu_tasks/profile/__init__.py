"""Measures what models, networks and the host take on this machine's device, for the device tables."""
