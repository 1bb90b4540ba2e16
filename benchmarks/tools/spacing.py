"""How evenly motifs are spread over a tile, and whether shifted repeats join to the pixel."""

from collections.abc import Sequence
from itertools import product
from statistics import median

import numpy as np
from scipy import ndimage

from benchmarks.entries import Entry
from benchmarks.tools.orders import build_image_order, load_built_in, render_orders
from craftspark.tools.toss import Repeat, Toss
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.pattern.repeats import lay_out, make_sheet, make_straight_tile, to_dots
from gpu_tasks.tools.pattern.scatter import Placement, scatter
from gpu_tasks.tools.pattern.stamps import frame_by_circle, paint, rotate_motif

PROMPTS = ("sunflower", "bee", "red apple", "carrot", "maple leaf", "cat face")
REPEATS: tuple[Repeat, ...] = ("straight", "half-drop", "brick")
SHIFTED: tuple[Repeat, ...] = ("half-drop", "brick")
SIZES = (0.12, 0.24, 0.36)
SEEDS = (1, 2, 3, 4)
TILE = 256  # pixels per side
# Repeats of a sheet. At 72 to 300 dpi, about half of the tiles have an odd number of pixels before they are rounded.
REPEATS_CM = (1.0, 1.35, 1.9, 2.54, 3.3)
DPIS = (72, 96, 150, 300)


def measure() -> list[Entry]:
    """The worst empty disc of 144 tossed tiles with motifs of the built-in model, at the default density, and the
    number of half-drop and brick sheets that do not join exactly.
    """
    drawn = render_orders(load_built_in(), *(build_image_order("clipart", 3, prompt=prompt) for prompt in PROMPTS))
    motifs = [frame_by_circle(drawing.pixels) for drawing in drawn]
    discs = [
        measure_empty_disc(toss(motifs[seed:] + motifs[:seed], count, seed, repeat, size), repeat) / size
        for repeat, count, seed, size in product(REPEATS, (1, 2, 3, 4), SEEDS, SIZES)
    ]
    breaks = [
        float(breaks_in_sheet(motifs[:2], repeat, cm, dpi)) for repeat, cm, dpi in product(SHIFTED, REPEATS_CM, DPIS)
    ]
    return [
        Entry(
            name="empty_disc_over_motif",
            value=round(max(discs), 3),
            goal=1.6,
            better="lower",
            unit="ratio",
            samples=discs,
            beside={"median": round(median(discs), 3)},
        ),
        Entry(
            name="half_drop_breaks",
            value=sum(breaks),
            goal=0,
            better="lower",
            unit="sheets",
            samples=breaks,
            beside={"sheets": len(breaks)},
        ),
    ]


def toss(motifs: Sequence[Pixels], count: int, seed: int, repeat: Repeat, size: float) -> Pixels:
    placements = scatter(seed=seed, repeat=repeat, motifs=count, how=Toss(size=size))
    return paint(placements, motifs, TILE, None, repeat)


def measure_empty_disc(tile: Pixels, repeat: Repeat) -> float:
    """Return the diameter of the largest disc without ink in the pattern of a transparent tile (side, side, 4), in
    sides of the tile.
    """
    side = tile.shape[0]
    ink = lay_out(tile, repeat, (3 * side, 3 * side))[..., 3] > 0
    away = ndimage.distance_transform_edt(~ink)
    return float(2 * away[side : 2 * side, side : 2 * side].max() / side)


def breaks_in_sheet(motifs: Sequence[Pixels], repeat: Repeat, cm: float, dpi: int) -> bool:
    """Return whether a sheet of three repeats differs from the same pattern painted motif by motif, or from the tile
    that is delivered, in straight rows and columns.
    """
    placements = scatter(seed=round(100 * cm) + dpi, repeat=repeat, motifs=len(motifs), how=Toss())
    tile = paint(placements, motifs, to_dots(cm, dpi), (255, 255, 255), repeat)
    sheet = make_sheet(tile, repeat, 3 * cm, 3 * cm, cm, dpi=dpi)
    size = sheet.shape[1], sheet.shape[0]
    whole = paint_motif_by_motif(placements, motifs, tile.shape[0], repeat, size)
    straight = lay_out(make_straight_tile(tile, repeat), "straight", size)
    return bool((sheet != whole).any() or (sheet != straight).any())


def paint_motif_by_motif(
    placements: Sequence[Placement], motifs: Sequence[Pixels], side: int, repeat: Repeat, size: tuple[int, int]
) -> Pixels:
    """Paint the pattern on white over a sheet, (width, height) in pixels, without a tile: each motif, in each of the
    repeats, at its own place. Columns or rows are shifted by half of `side`, which is even.
    """
    width, height = size
    sheet = np.zeros((height, width, 4), np.float32)
    for placement in placements:
        stamp = rotate_motif(motifs[placement.motif], placement.size * side, placement.angle)
        top, left = (
            round(place * side - length / 2)
            for place, length in zip((placement.y, placement.x), stamp.shape[:2], strict=True)
        )
        for column, row in product(range(-2, width // side + 3), range(-2, height // side + 3)):
            across = left + column * side + (side // 2 if repeat == "brick" and row % 2 else 0)
            down = top + row * side + (side // 2 if repeat == "half-drop" and column % 2 else 0)
            first, last = max(0, down), min(height, down + stamp.shape[0])
            start, end = max(0, across), min(width, across + stamp.shape[1])
            if first < last and start < end:
                part = stamp[first - down : last - down, start - across : end - across]
                under = sheet[first:last, start:end]
                sheet[first:last, start:end] = part + under * (1 - part[..., 3:])
    levels = np.rint((sheet[..., :3] + (1 - sheet[..., 3:])).clip(0, 1) * 255)
    pixels: Pixels = levels.astype(np.uint8)
    return pixels
