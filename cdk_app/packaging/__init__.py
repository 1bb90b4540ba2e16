"""Packages of Lambdas and the GPU image."""
