"""How benchmarks run, and what they report."""
