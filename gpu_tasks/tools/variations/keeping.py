"""What a drawing kept of its source: there, the source's own pixels stay, with their detail and their transparency."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from craftspark.tools.windows import Box
from gpu_tasks.images.pixels import Pixels

KEPT = 100.0  # of 255, in the worst channel: what a drawing may differ from what it kept, at a strength of 0
REACH = 3  # pixels of the model's size around a difference that count as different
SOFT = 1.0  # pixels of the model's size: blur of the transition
FADE = 16  # one part in so many of a drawing's sides fades into the ground around it


def find_kept(drawn: Pixels, unchanged: Pixels, strength: float) -> Pixels:
    """Return how much (height, width) of a picture stays, 0 to 255: all where a drawing hardly differs from the
    unchanged one.

    Both have the model's size (height, width, 3). The higher the strength, the less may differ.
    """
    away = np.abs(drawn.astype(np.float32) - unchanged).max(2)
    away = ndimage.gaussian_filter(ndimage.maximum_filter(away, REACH), SOFT)
    limit = KEPT * (1 - strength) ** 2
    kept: Pixels = ((limit - away) / (limit / 2) * 255).clip(0, 255).round().astype(np.uint8)
    return kept


def put_back(picture: Pixels, drawing: Pixels, part: Box, kept: Pixels) -> Pixels:
    """Return a picture (height, width, 3 or 4) with a drawing in place of a part, except what is kept of it.

    The drawing has the size and the channels of the part. `kept` has any size. Where the picture continues beyond the
    part, the drawing fades into it.
    """
    own = picture[part.top : part.bottom, part.left : part.right]
    height, width = own.shape[:2]
    mask = Image.fromarray(kept).resize((width, height), Image.Resampling.BICUBIC)
    stays = np.maximum(np.asarray(mask), _fade(part, picture.shape[1], picture.shape[0]))
    result = picture.copy()
    result[part.top : part.bottom, part.left : part.right] = mix(own, drawing, stays)
    return result


def lay_over(motif: Pixels, ground: Pixels) -> Pixels:
    """Return a motif (height, width, 4) over a colour (3)."""
    behind = Image.new("RGB", (motif.shape[1], motif.shape[0]), tuple(map(int, ground)))
    behind.paste(Image.fromarray(np.ascontiguousarray(motif[..., :3])), mask=Image.fromarray(motif[..., 3]))
    return np.asarray(behind)


def mix(own: Pixels, drawing: Pixels, stays: Pixels) -> Pixels:
    """Mix two pictures (height, width, 3 or 4). `stays` (height, width) is the share of the first, 0 to 255."""
    mode = "RGBa" if own.shape[2] == 4 else "RGB"  # weighted by alpha, so that clear pixels lend no colour
    first, second = (Image.fromarray(np.ascontiguousarray(each)).convert(mode) for each in (own, drawing))
    mixed = Image.composite(first, second, Image.fromarray(stays))
    pixels = np.asarray(mixed.convert("RGBA") if mode == "RGBa" else mixed)
    return np.where((stays == 255)[..., None], own, pixels)


def _fade(part: Box, width: int, height: int) -> Pixels:
    """Return how much of the picture stays because the drawing ends (height, width of the part), 0 to 255."""
    rows = _fade_ends(part.bottom - part.top, start=part.top > 0, end=part.bottom < height)
    columns = _fade_ends(part.right - part.left, start=part.left > 0, end=part.right < width)
    return np.maximum(rows[:, None], columns)


def _fade_ends(length: int, *, start: bool, end: bool) -> Pixels:
    at = np.arange(length, dtype=np.float32) + 0.5
    beyond = np.full_like(at, np.inf)
    depth = np.minimum(at if start else beyond, length - at if end else beyond)
    faded: Pixels = (255 - 255 * depth / max(1, length / FADE)).clip(0, 255).round().astype(np.uint8)
    return faded
