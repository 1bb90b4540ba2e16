"""One image, from its order to its files: pixels, checks, provenance and content credentials."""
