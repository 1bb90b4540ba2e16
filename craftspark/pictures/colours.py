"""Conversion of pictures to sRGB."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

from craftspark.pictures.colour_spaces import icc_profile, is_srgb
from craftspark.pictures.structure import Colour

SRGB = ImageCms.createProfile("sRGB")
SPACES = {"L": "GRAY", "RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK"}


def convert_to_srgb(image: Image.Image, colour: Colour) -> Image.Image:
    """RGB or RGBA in sRGB from an L, LA, RGB, RGBA or CMYK image, with the colour information of its file.

    A profile that is broken or for another colour model is ignored. Then the values count as sRGB, or as the plain
    complements of CMYK.
    """
    if image.mode == "LA":
        grey, alpha = image.split()
        coloured = convert_to_srgb(grey, colour)
        coloured.putalpha(alpha)
        return coloured
    try:
        profile = profile_of(image.mode, colour)
        if profile is not None and profile.profile.xcolor_space == SPACES[image.mode]:
            return convert(image, profile)
    except (ImageCms.PyCMSError, OSError, ValueError):
        pass
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGB")


def profile_of(mode: str, colour: Colour) -> ImageCms.ImageCmsProfile | None:
    """The profile for the conversion of an image of this mode, or None for sRGB. Raises OSError or ValueError."""
    if colour.profile is not None:
        return ImageCms.ImageCmsProfile(io.BytesIO(colour.profile))
    if mode == "CMYK" or is_srgb(colour):
        return None
    return ImageCms.ImageCmsProfile(io.BytesIO(icc_profile(colour, grey=mode == "L")))


def convert(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """Convert, in place if the channels stay the same."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    transform = ImageCms.buildTransform(profile, SRGB, image.mode, mode)
    if image.mode != mode:
        return ImageCms.applyTransform(image, transform) or image
    ImageCms.applyTransform(image, transform, inPlace=True)
    return image
