"""Pushes of models, networks and adapters to the models bucket."""
