"""Grounds: which pixels of a drawing are its plain background.

The background has one colour and is connected with the picture's edge. Two things differ from that. Models
leave pale blocks at the edge of a picture: they are ground. And a white face on white is connected with the ground
wherever its outline has a gap: an area that a drawn line almost encloses belongs to the object.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Value = TypeVar("Value", bound=np.generic)

NEAR = 14  # of 255, in the worst channel: variation of the background's colour in a drawing
FAINT = 4  # of 255; the smallest difference that a drawn line has
PALE = 48  # of 255; a fill that is nearer to the ground's colour can be part of a white object
FILL = 0.09  # share of the longer side: width of the disc that fits into such a fill
FRAME = 0.03  # share of the longer side: width of the frame whose prevailing colour is the ground's
HOLE = 0.0004  # share of the area; a smaller area of the ground's colour inside an object is not an opening
MIN_ROOM = 0.14  # share of the longer side; the space between leaves and petals is narrower
DRAWN = 0.5  # share of the edge of such an object that is a line; the space between several objects has less
PIECE = 0.012  # share of the area; a smaller separate piece encloses nothing
VARIATION = 0.9  # share of the frame's pixels; the others are shades of the object and blocks
GAPS = (0.05, 0.1, 0.14, 0.18)  # shares of the longer side: gaps in the outline of an object of the ground's colour
ROOM = (
    1.5  # times the gap: width of the disc that fits into such an object. The opening of a C is as wide as its inside
)
# Blocks at the picture's edge.
BAND = 0.07  # share of the longer side: how far they reach
BLOCK = 120  # of 255; a stronger colour is not a remain of the ground
ALIKE = 28  # of 255; variation of a block's colour
LARGEST = 0.02  # share of the area
THICK = 0.04  # share of the longer side; what is pale and thinner, at the picture's edge, is a remain of a block


def measure_ground(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the prevailing colour (3) of a picture's frame (height, width, 3)."""
    height, width = colours.shape[:2]
    band = max(1, round(FRAME * max(height, width)))
    frame = colours[measure_depth(height, width) < band]
    # The outermost pixels can be tinted, so those of the frame that are near to them are measured.
    middle = np.median(list_frame(colours), axis=0)
    near = frame[np.abs(frame - middle).max(1) < 2 * NEAR]
    ground: NDArray[np.float32] = np.median(near if len(near) else frame, axis=0).astype(np.float32)
    return ground


def find_background(colours: NDArray[np.float32], ground_colour: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the background (height, width) of a picture (height, width, 3)."""
    away = measure_distance(colours, ground_colour)
    blocks = find_blocks(colours, away)
    background = flood((away < NEAR) | blocks)
    if not background.any() or background.all():
        return background
    away = np.where(blocks, 0, away)
    background |= find_thin_remains(~background, away)
    faint = max(FAINT, measure_variation(away) + 2)
    # Shades of blocks are no lines.
    away = np.where((away < PALE) & (measure_depth(*away.shape) < BAND * max(away.shape)), 0, away)
    return background & ~find_pale_fills(away, faint) & ~find_enclosed(away, faint)


def find_holes(colours: NDArray[np.float32], ground_colour: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the areas of the ground's colour anywhere in a picture (height, width, 3), except for small ones, which
    are highlights and eyes rather than openings.
    """
    pieces, _ = ndimage.label(measure_distance(colours, ground_colour) < NEAR)
    large = np.bincount(pieces.ravel()) >= HOLE * pieces.size
    large[0] = False
    holes: NDArray[np.bool_] = large[pieces]
    return holes


def measure_distance(colours: NDArray[np.float32], colour: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return how far colours (..., 3) are from one (3), in the worst channel."""
    # A maximum over so short an axis would take several times as long.
    red, green, blue = (np.abs(colours[..., channel] - colour[channel]) for channel in range(3))
    worst: NDArray[np.float32] = np.maximum(np.maximum(red, green), blue)
    return worst


def measure_variation(away: NDArray[np.float32]) -> float:
    """Return how far the ground differs from its colour, in a picture's frame."""
    height, width = away.shape
    frame = away[measure_depth(height, width) < max(1, round(FRAME * max(height, width)))]
    near = frame[frame < NEAR]
    return float(np.quantile(near, VARIATION)) if near.size else 0.0


def find_blocks(colours: NDArray[np.float32], away: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the pale blocks at a picture's edge (height, width)."""
    height, width = away.shape
    depth = measure_depth(height, width)
    band = depth < max(2, round(BAND * max(height, width)))
    pale = band & (away >= NEAR) & (away < BLOCK)
    blocks: NDArray[np.bool_] = np.zeros_like(band)
    values = colours[pale]
    seeds, count = ndimage.label(pale & (depth < max(1, round(BAND * max(height, width) / 8))), np.ones((3, 3)))
    if not count:
        return blocks
    for number, place in enumerate(ndimage.find_objects(seeds), 1):
        own = seeds[place] == number
        if not (own & (depth[place] == 0)).any():
            continue
        colour = np.median(colours[place][own], axis=0)
        alike = np.zeros_like(pale)
        alike[pale] = measure_distance(values, colour) < ALIKE
        alike[place] |= own
        pieces, _ = ndimage.label(alike, np.ones((3, 3)))
        touched = np.unique(pieces[place][own])
        block = np.isin(pieces, touched[touched > 0])
        if block.mean() < LARGEST:
            blocks |= block
    return blocks


def find_thin_remains(solid: NDArray[np.bool_], away: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the thin pale parts of what is left near a picture's edge (height, width)."""
    height, width = solid.shape
    longest = max(height, width)
    pale: NDArray[np.bool_] = solid & (away < BLOCK) & (measure_depth(height, width) < BAND * longest)
    if not pale.any():
        return pale
    thick = find_wide(solid, THICK * longest)
    remains, _ = ndimage.label(pale & ~thick, np.ones((3, 3)))
    # The tip of an object is thin too, but it does not touch the picture's edge.
    touching = np.unique(remains[measure_depth(height, width) < max(1, BAND * longest / 8)])
    return np.isin(remains, touching[touching > 0])


def find_pale_fills(away: NDArray[np.float32], faint: float) -> NDArray[np.bool_]:
    """Return the wide areas that are a little darker than the ground, such as a white face with soft shades."""
    shades = (away >= faint) & (away < PALE)
    return shades & find_wide(shades, FILL * max(away.shape)) & ~flood(shades)


def find_enclosed(away: NDArray[np.float32], faint: float) -> NDArray[np.bool_]:
    """Return the areas of about the ground's colour that drawn lines enclose, except for gaps that are small compared
    with the area (height, width).
    """
    lines, pale = _keep_large(away >= faint), away < PALE
    enclosed = np.zeros_like(lines)
    if not lines.any():
        return enclosed
    longest = max(away.shape)
    around = _margin(max(GAPS) * longest)
    from_lines = ndimage.distance_transform_edt(~np.pad(lines, around))
    room = ndimage.distance_transform_edt(np.pad(pale, 1))[1:-1, 1:-1]
    for share in GAPS:
        gap = share * longest
        width, margin = max(ROOM * gap, MIN_ROOM * longest), _margin(gap)
        middles = flood(_crop(from_lines, around - margin) > gap / 2)
        # Most pictures have no wide pale area that the disc does not reach.
        if not ((room >= width / 2) & ~_crop(middles, margin)).any():
            continue
        inside = ~_crop(cover(middles, gap), margin)
        # An area between two arms is enclosed as well, but no wide disc fits into it.
        wide = find_wide(inside & pale, width)
        if wide.any():
            pieces, _ = ndimage.label(inside & pale)
            own = np.unique(pieces[wide])
            enclosed |= np.isin(pieces, [number for number in own if number and _is_drawn(pieces == number, lines)])
    return enclosed


def _is_drawn(area: NDArray[np.bool_], lines: NDArray[np.bool_]) -> bool:
    """Return whether most of the edge of an area (height, width) is a line."""
    edge = ndimage.binary_dilation(area, np.ones((3, 3))) & ~area
    return bool(lines[edge].mean() >= DRAWN)


def _keep_large(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return lines without small separate pieces, such as snowflakes around a snowman, which enclose nothing."""
    pieces, _ = ndimage.label(lines, np.ones((3, 3)))
    large = np.bincount(pieces.ravel()) >= PIECE * lines.size
    large[0] = False
    kept: NDArray[np.bool_] = large[pieces]
    return kept


def _margin(gap: float) -> int:
    """Return how many pixels around a picture a disc of this diameter needs to pass."""
    return int(np.ceil(gap)) + 2


def _crop(values: NDArray[Value], margin: int) -> NDArray[Value]:
    """Return values (height, width) without a margin on each side."""
    return values[margin : values.shape[0] - margin, margin : values.shape[1] - margin]


def cover(middles: NDArray[np.bool_], diameter: float) -> NDArray[np.bool_]:
    """Return what discs of this diameter cover (height, width). The outermost pixels are middles of discs."""
    covered = np.ones_like(middles)
    window = find_window(~middles, 1)
    if window:
        covered[window] = ndimage.distance_transform_edt(~middles[window]) <= diameter / 2
    return covered


def find_wide(area: NDArray[np.bool_], width: float) -> NDArray[np.bool_]:
    """Return the pixels of an area (height, width) that a disc of this width inside it covers."""
    wide = np.zeros_like(area)
    window = find_window(area)
    if not window:
        return wide
    middle = ndimage.distance_transform_edt(np.pad(area[window], 1))[1:-1, 1:-1] >= width / 2
    if middle.any():
        # The discs are inside the area, so none extends beyond the window.
        wide[window] = ndimage.distance_transform_edt(~middle) < width / 2
    return wide


def find_window(mask: NDArray[np.bool_], reach: int = 0) -> tuple[slice, slice] | None:
    """Return the smallest window that holds a mask (height, width) and as much as `reach` pixels around it, or None if
    the mask is empty.
    """
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return (
        slice(max(rows[0] - reach, 0), rows[-1] + reach + 1),
        slice(max(columns[0] - reach, 0), columns[-1] + reach + 1),
    )


def measure_remains(motif: NDArray[np.uint8]) -> float:
    """Return the share of a cut-out's frame (height, width, 4) that is solid and nearly as pale as cleared pixels."""
    clear = motif[..., 3] == 0
    if not clear.any():
        return 0.0
    frame = list_frame(motif)
    away = measure_distance(frame[:, :3].astype(np.float32), np.median(motif[clear][:, :3], axis=0))
    return float(((frame[:, 3] >= 128) & (away < BLOCK)).mean())


def flood(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the parts of a mask (height, width) that are connected with the picture's edge."""
    pieces, _ = ndimage.label(mask)
    at_border = np.unique(list_frame(pieces))
    return np.isin(pieces, at_border[at_border > 0])


def measure_depth(height: int, width: int) -> NDArray[np.int64]:
    """Return the distance of each pixel from the picture's edge, 0 for the outermost."""
    rows, columns = np.arange(height), np.arange(width)
    return np.minimum(np.minimum(rows, rows[::-1])[:, None], np.minimum(columns, columns[::-1])[None, :])


def list_frame(values: NDArray[Value]) -> NDArray[Value]:
    """Return the outermost pixels."""
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])
