"""Training: datasets, recipes and measurements of the models in the catalogue."""
