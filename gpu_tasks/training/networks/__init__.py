"""One training command for each network of a model folder."""
