"""Styles: their trainings, releases, trials and rollbacks."""
