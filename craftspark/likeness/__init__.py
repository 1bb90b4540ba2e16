"""The likeness encoder in NumPy: vectors of pictures and texts in one space, for functions without PyTorch."""
