"""Small squares of thumbnails, as the likeness encoder sees pictures."""

import io

from PIL import Image

from craftspark.pictures.reduction import flatten


def read_square(webp: bytes, side: int) -> bytes:
    """The RGB values, row by row, of one of our WebP files on white, squeezed to `side` times `side` pixels."""
    with Image.open(io.BytesIO(webp), formats=("WEBP",)) as picture:
        return flatten(picture).resize((side, side), Image.Resampling.BILINEAR).tobytes()
