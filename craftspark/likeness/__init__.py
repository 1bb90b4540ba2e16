"""The likeness encoder in NumPy, for functions without PyTorch, and the thesaurus that reads searches."""
