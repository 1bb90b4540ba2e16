"""Scattered motifs: placed once on a tile that wraps around, and painted without a seam at any resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from craftspark.tools.toss import Repeat, Toss, neighbours, on_tile, period, roomiest, widest
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.pattern.repeats import fit_size

Premultiplied: TypeAlias = NDArray[np.float32]

CANDIDATES = 24  # the candidate with the most room is chosen, which looks random but even
MAX_PLACEMENTS = 400
BAND_ROWS = 128  # of a tile that are converted together
MAX_MISSES = 6  # after this many draws without room, the tile is full


@dataclass(frozen=True)
class Placement:
    """The place of a motif. Lengths are shares of the tile's side: `x` and `y` of its centre, `size` of its longer
    side.

    `angle` is in degrees, anticlockwise.
    """

    motif: int
    x: float
    y: float
    size: float
    angle: float


def scatter(*, seed: int, repeat: Repeat, motifs: int, how: Toss) -> list[Placement]:
    """Place motifs in turn until there is no room, then remove as many as the density requires.

    Each motif is placed at least once if `how.has_room_for` that many. A motif takes the room of a disc as wide as its
    longer side.
    """
    random = np.random.default_rng(seed)
    laid = _place_motifs(random, [], repeat, motifs, how)
    if len(laid) < motifs and how.has_room_for(motifs, repeat):
        # By chance, the first motifs took the room of the last ones.
        laid = _place_motifs(random, _arrange(random, repeat, motifs, how), repeat, motifs, how)
    return laid[: max(motifs, round(how.density * len(laid)))]


def _place_motifs(
    random: np.random.Generator, before: Sequence[Placement], repeat: Repeat, motifs: int, how: Toss
) -> list[Placement]:
    """Return the placements in `before` and as many more as have room.

    Each new motif takes the random candidate with the most room (Mitchell's best candidate), so that no motifs overlap
    and the gaps are similar: blue noise.
    """
    laid = list(before)
    misses = 0
    while misses < MAX_MISSES and len(laid) < MAX_PLACEMENTS:
        size = how.size * (1 - how.size_spread * random.random())
        places = random.random((CANDIDATES, 2))
        angle = random.uniform(-how.rotation, how.rotation)
        room = _measure_gaps(places, size, laid, repeat) - how.spacing
        best = int(np.argmax(room))
        # A motif also needs room between two copies of itself.
        if room[best] < 0 or size + how.spacing > period(repeat):
            misses += 1
            continue
        misses = 0
        laid.append(Placement(len(laid) % motifs, float(places[best, 0]), float(places[best, 1]), size, angle))
    return laid


def _arrange(random: np.random.Generator, repeat: Repeat, motifs: int, how: Toss) -> list[Placement]:
    """Place each motif once, with the most room, in its drawn size or as large as the room allows."""
    places = random.permutation(np.asarray(roomiest(motifs, repeat), float)) + random.random(2)
    max_size = widest(motifs, repeat) - how.spacing
    laid = []
    for motif, place in enumerate(places.tolist()):
        x, y = on_tile(place, repeat)
        size = min(max_size, how.size * (1 - how.size_spread * random.random()))
        laid.append(Placement(motif, x, y, size, random.uniform(-how.rotation, how.rotation)))
    return laid


def _measure_gaps(
    places: NDArray[np.float64], size: float, laid: Sequence[Placement], repeat: Repeat
) -> NDArray[np.float64]:
    """Return the gaps, (n,), between a disc of that size at each place, (n, 2), and the nearest disc that is laid.

    The tile wraps around. A gap is negative if two discs overlap, and 1 if none is laid.
    """
    if not laid:
        return np.ones(len(places))
    discs = np.asarray([(other.x, other.y, other.size) for other in laid])
    across, down = (places[:, axis, None] - discs[:, axis] for axis in (0, 1))
    squares = np.full(across.shape, np.inf)
    for right, below in neighbours(repeat):
        np.minimum(squares, (across + right) ** 2 + (down + below) ** 2, out=squares)
    gaps: NDArray[np.float64] = (np.sqrt(squares) - (size + discs[:, 2]) / 2).min(1)
    return gaps


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
