"""Outpaint: a canvas, and the windows that are drawn on it."""
