"""Prints: the pixels of a length in millimetres, and of a whole print."""

from craftspark.models.work import megapixels

PRINT_DPI = 300
MAX_PRINT_SIDE = 4096  # pixels; a larger print has fewer dots per inch
MM_PER_INCH = 25.4


def print_pixels(millimetres: float) -> float:
    """The pixels of a length in print."""
    return millimetres / MM_PER_INCH * PRINT_DPI


def print_megapixels(width: float, height: float) -> float:
    """The megapixels of a print with these pixels at PRINT_DPI, or fewer if a side would exceed MAX_PRINT_SIDE."""
    scale = min(1, MAX_PRINT_SIDE / max(width, height, 1))
    return megapixels(width * scale, height * scale)
