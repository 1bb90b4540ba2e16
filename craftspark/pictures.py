"""Pictures from outside, made clean: whatever they were, what is kept is a PNG of 8 bits a channel in sRGB.

The one module of the domain that knows Pillow; the upload's check and the worker's HTTP API use it.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from craftspark.errors import InvalidInput
from craftspark.uploads import Picture

FORMATS = ("PNG", "JPEG", "WEBP")
SHORTEST_SIDE, LONGEST_SIDE = 16, 4096
LARGEST_ASPECT = 8
# Of 8 bits a channel. Each other mode has a reason of its own to be refused.
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
FIELD = "upload"


def clean(content: bytes) -> Picture:
    """A picture's own pixels, upright, in sRGB, and nothing else of it.

    Raises InvalidInput, with the reason and the fix, for what is no picture, animated, CMYK, of 16 bits, too small,
    too large, too long or cut off. Sizes are read from the header before a pixel is decoded.
    """
    with opened(content) as image:
        check(image)
        image = decoded(image)
        image = upright(image)
        picture = in_srgb(image)
    into = io.BytesIO()
    picture.save(into, "PNG", compress_level=6)
    return Picture(png=into.getvalue(), width=picture.width, height=picture.height, alpha=picture.mode == "RGBA")


@contextmanager
def opened(content: bytes) -> Iterator[Image.Image]:
    """The picture, its header read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise refusal(f"it has more than {LONGEST_SIDE} pixels a side; make it smaller") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise refusal("it is no PNG, JPEG or WebP; send a picture of one of these formats") from None
    with image:
        yield image


def check(image: Image.Image) -> None:
    """What the header tells."""
    width, height = image.size
    if max(width, height) > LONGEST_SIDE:
        raise refusal(f"it is {width} x {height} pixels; {LONGEST_SIDE} a side are the most, make it smaller")
    if min(width, height) < SHORTEST_SIDE:
        raise refusal(f"it is {width} x {height} pixels; {SHORTEST_SIDE} a side are the least, send a larger one")
    if max(width, height) > LARGEST_ASPECT * min(width, height):
        raise refusal(f"it is {width} x {height} pixels; at most {LARGEST_ASPECT} times as long as wide, crop it")
    if getattr(image, "n_frames", 1) > 1:
        raise refusal("it is animated; send a single frame")
    if image.mode == "CMYK":
        raise refusal("its colours are CMYK; save it in RGB")
    if image.mode not in MODES:
        raise refusal("it has more than 8 bits a channel; save it with 8")


def decoded(image: Image.Image) -> Image.Image:
    try:
        image.load()
    except (OSError, ValueError, SyntaxError, EOFError):
        raise refusal("it is cut off or broken; save it anew and send it again") from None
    return image


def upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says; a broken EXIF says nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # EXIF is parsed in many ways, each with failures of its own; the pixels are good
        return image


def in_srgb(image: Image.Image) -> Image.Image:
    """RGB or RGBA in sRGB, by the profile that it brings; one that is broken counts as sRGB."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    profile = image.info.get("icc_profile")
    picture = image if image.mode == mode else image.convert(mode)
    if profile and image.mode not in ("1", "L", "LA"):
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            ImageCms.profileToProfile(picture, ImageCms.getOpenProfile(io.BytesIO(profile)), SRGB, inPlace=True)
    picture.info = {}
    return picture


SRGB = ImageCms.createProfile("sRGB")


def refusal(reason: str) -> InvalidInput:
    return InvalidInput(f"the picture cannot be used: {reason}", field=FIELD)
