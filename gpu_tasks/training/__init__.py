"""Training: datasets, recipes and measurements behind the models in the catalogue."""
