"""Training: the pictures, the recipes and the figures behind the models that the catalogue offers."""
