"""Copies models, other networks and adapters to the models bucket: see `python -m gpu_tasks.push --help`."""
