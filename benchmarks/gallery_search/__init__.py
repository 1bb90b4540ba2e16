"""Search in the gallery: whether the demo's examples are found by names, by other words and in phrases."""
