"""Prints: a motif enlarged to the resolution of printers, and a sticker on its white border."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from gpu_tasks.images.pixels import Pixels, flatten_on_white
from gpu_tasks.images.vectors.page import Layer, Page
from gpu_tasks.images.vectors.svg import write_svg
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.canvas import PIXELS_PER_METRE

MAX_ENLARGED = 4096  # pixels of the longer side of an enlarged motif


def print_side(motif: Pixels, width_mm: float) -> float:
    """Return the pixels of the longer side of a motif (height, width, 4) in a print that is this wide."""
    height, width = motif.shape[:2]
    side: float = width_mm * PIXELS_PER_METRE / 1000 * max(1, height / width)
    return side


def enlarge_motif(motif: Pixels, target: float, upscaler: Upscaler) -> Pixels:
    """Return a motif (height, width, 4) enlarged towards `target` pixels on its longer side, as far as the upscaler
    reaches. A motif that has as many pixels is returned unchanged.

    Only the colours need the network. The edge is enlarged smoothly and then made as steep as it was, so it stays where
    it is.
    """
    longest = max(motif.shape[:2])
    factor = 2 if target <= 2 * longest else 4
    while longest * factor > MAX_ENLARGED:
        factor //= 2
    if target <= longest or factor < 2:
        return motif
    colours = upscaler.upscale(spread_colours(motif), factor)
    alpha = Image.fromarray(motif[..., 3]).resize(colours.shape[1::-1], Image.Resampling.BICUBIC)
    steep = (np.asarray(alpha, np.float32) - 127.5) * factor + 127.5
    return np.dstack([colours, steep.clip(0, 255).round().astype(np.uint8)])


def spread_colours(motif: Pixels) -> Pixels:
    """Return the colours (height, width, 3) of a motif, where clear pixels have the nearest solid colour."""
    solid = motif[..., 3] >= 128
    if not solid.any():
        return motif[..., :3]
    nearest = ndimage.distance_transform_edt(~solid, return_distances=False, return_indices=True)
    spread: Pixels = motif[..., :3][tuple(nearest)]
    return spread


def paint_sticker(picture: Pixels, page: Page, border: Layer) -> Pixels:
    """Return a picture (height, width, 4) on its white border, which is one of the layers of its page."""
    height, width = picture.shape[:2]
    cover = rasterise(replace(page, layers=[border]), width, height)[..., None]
    return np.dstack([flatten_on_white(picture), np.maximum(cover, picture[..., 3:])])


def rasterise(page: Page, width: int, height: int) -> NDArray[np.uint8]:
    """Return how much of each pixel (height, width) the paths of a page cover, 0 to 255."""
    # A size in millimetres would be rounded to whole pixels before it is scaled, which moves the paths.
    svg = write_svg(page, (width, height))
    with Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)))) as image:
        return np.asarray(image.convert("RGBA"))[..., 3]
