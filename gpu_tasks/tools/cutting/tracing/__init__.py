"""Tracing: the areas of a cut-out as sheets of one colour, and smooth curves around them within a node budget."""
