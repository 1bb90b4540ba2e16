"""Prints: the pixels of a length in millimetres."""

PRINT_DPI = 300
MAX_PRINT_SIDE = 4096  # pixels; a larger print has fewer dots per inch
MM_PER_INCH = 25.4


def print_pixels(millimetres: float) -> float:
    """The pixels of a length in print."""
    return millimetres / MM_PER_INCH * PRINT_DPI
