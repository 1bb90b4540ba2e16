"""Tiles painted from placed motifs, without a seam at any resolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import ConvexHull

from craftspark.tools.toss import Repeat, neighbours
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.pattern.repeats import fit_size
from gpu_tasks.tools.pattern.scatter import Placement

Premultiplied: TypeAlias = NDArray[np.float32]

BAND_ROWS = 128  # of a tile that are converted together
CIRCLE_STEPS = 400  # the circle is then a thousandth wider than the smallest one


def frame_by_circle(motif: Pixels) -> Pixels:
    """Return a motif (height, width, 4) in the square around the smallest circle that holds it.

    A motif that turns around the middle of this square stays within the circle.
    """
    rows, columns = np.nonzero(motif[..., 3])
    if not rows.size:
        return motif
    corners = np.concatenate([np.stack([rows + down, columns + right], 1) for down in (0, 1) for right in (0, 1)])
    corners = corners[ConvexHull(corners).vertices].astype(float)
    centre = corners.mean(0)
    for step in range(CIRCLE_STEPS):  # towards the farthest corner, in steps that become smaller
        farthest = corners[np.hypot(*(corners - centre).T).argmax()]
        centre += (farthest - centre) / (step + 2)
    radius = np.hypot(*(corners - centre).T).max()
    side = int(np.ceil(2 * radius))
    top, left = (round(float(middle - side / 2)) for middle in centre)
    framed = np.zeros((side, side, 4), np.uint8)
    height, width = motif.shape[:2]
    first, last = max(0, top), min(height, top + side)
    start, end = max(0, left), min(width, left + side)
    framed[first - top : last - top, start - left : end - left] = motif[first:last, start:end]
    return framed


def paint(
    placements: Sequence[Placement],
    motifs: Sequence[Pixels],
    side: float,
    background: tuple[int, ...] | None,
    repeat: Repeat,
) -> Pixels:
    """Return the tile with about `side` pixels per side, (side, side, 3), or with alpha if there is no background.

    A motif that crosses an edge continues on the opposite side with the same pixels: placements are whole pixels, and
    `fit_size` chooses the side.
    """
    side, _ = fit_size((side, side), repeat)
    tile = np.zeros((side, side, 4), np.float32)  # premultiplied
    offsets = [(round(across * side), round(down * side)) for across, down in neighbours(repeat)]
    for placement in placements:
        record_activity()
        stamp = rotate_motif(motifs[placement.motif], placement.size * side, placement.angle)
        height, width = stamp.shape[:2]
        left, top = round(placement.x * side - width / 2), round(placement.y * side - height / 2)
        for across, down in offsets:
            _paint_stamp(tile, stamp, left + across, top + down)
    record_activity()
    # In bands, because each intermediate result of a whole sheet takes hundreds of megabytes.
    return np.concatenate([_lay_on(tile[top : top + BAND_ROWS], background) for top in range(0, side, BAND_ROWS)])


def _lay_on(tile: Premultiplied, background: tuple[int, ...] | None) -> Pixels:
    """Return the pixels of a part of a tile on the background, with alpha if there is none."""
    alpha = tile[..., 3:]
    if background is None:
        colours = tile[..., :3] / np.maximum(alpha, 1e-6)
        return to_levels(np.concatenate([colours, alpha], 2))
    ground = np.asarray(background[:3], np.float32) / 255
    return to_levels(tile[..., :3] + ground * (1 - alpha))


def to_levels(values: NDArray[np.floating]) -> Pixels:
    """Convert values from 0 to 1 to bytes."""
    levels: Pixels = np.rint(values.clip(0, 1) * 255).astype(np.uint8)
    return levels


def rotate_motif(motif: Pixels, longer: float, angle: float) -> Premultiplied:
    """Return the motif scaled and rotated, premultiplied, 0 to 1, in the smallest box that holds it."""
    picture = Image.fromarray(motif).convert("RGBa")
    scale = longer / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    scaled = picture.resize(size, Image.Resampling.LANCZOS)
    bands = [band.rotate(angle, Image.Resampling.BICUBIC, expand=True) for band in scaled.split()]
    return np.stack([np.asarray(band) for band in bands], 2).astype(np.float32) / np.float32(255)


def _paint_stamp(tile: Premultiplied, stamp: Premultiplied, left: int, top: int) -> None:
    """Paint a stamp on the tile, cropped at its edges."""
    side = tile.shape[0]
    first, last = max(0, top), min(side, top + stamp.shape[0])
    start, end = max(0, left), min(side, left + stamp.shape[1])
    if first >= last or start >= end:
        return
    part = stamp[first - top : last - top, start - left : end - left]
    under = tile[first:last, start:end]
    tile[first:last, start:end] = part + under * (1 - part[..., 3:])
