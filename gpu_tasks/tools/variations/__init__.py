"""Variations: the part of a source that is drawn again, and the drawing in its place."""
