"""The pictures by which Studio shows its tools, styles and choices, drawn by the service itself.

Each job has a fixed request and seed, so the same model draws the same pictures again.
"""
