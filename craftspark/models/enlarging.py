"""The passes of an upscaler that enlarge a picture to a given size, and their work."""

from collections.abc import Iterator

from craftspark.models.work import upscaler_megapixels

Size = tuple[int, int]  # width and height in pixels

FACTORS = (2, 4)
MAX_ENLARGED_PIXELS = 36_000_000  # of a result; a poster of 24 x 36 inches at 200 dpi has 34,560,000
LARGEST_SIDE = int(MAX_ENLARGED_PIXELS**0.5)  # pixels of the side of the largest square result
# The last pass is resampled in bands and is never in memory as a whole, so it can be this much larger.
BANDED = 4
# A scale up to this one is left to resampling. A pass that works 16 times for the last few percent shows nothing more.
RESAMPLED = 1.25


def plan_passes(picture: Size, result: Size) -> list[int]:
    """The factors of the passes that bring a picture to at least about the size of the result, in order.

    No pass starts from more than MAX_ENLARGED_PIXELS or makes more than BANDED times as many.
    """
    (width, height), factors = picture, list[int]()
    while (scale := max(result[0] / width, result[1] / height)) > RESAMPLED:
        factor = 2 if scale <= 2 * RESAMPLED else 4
        if width * height * factor**2 > BANDED * MAX_ENLARGED_PIXELS:
            factor = 2
        if width * height > MAX_ENLARGED_PIXELS:
            break
        factors.append(factor)
        width, height = width * factor, height * factor
    return factors


def enlarging_megapixels(picture: Size, result: Size, reach: int, *, alpha: bool = False) -> float:
    """The megapixels that an upscaler processes to enlarge a picture to a size. It reads `reach` pixels around each
    tile.
    """
    return sum(upscaler_megapixels(*size, reach, alpha=alpha) for size in _sizes(picture, plan_passes(picture, result)))


def _sizes(picture: Size, factors: list[int]) -> Iterator[Size]:
    """The size of the picture before each pass."""
    width, height = picture
    for factor in factors:
        yield width, height
        width, height = width * factor, height * factor
