"""Motifs tossed on a torus: laid out once, painted without a seam at any resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from craftspark.tools.toss import Repeat, Toss, apart, neighbours, on_tile, period, roomiest, widest
from gpu_tasks.activity import moved
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.pattern.repeats import fitted

Premultiplied: TypeAlias = NDArray[np.float32]

CANDIDATES = 24  # of which the one with the most room is taken: what lies then looks scattered, and yet even
MOST = 400
MISSES = 6  # so many draws in a row without room, and the tile is full


@dataclass(frozen=True)
class Placement:
    """Where a motif lies. Lengths are shares of the tile's side: `x` and `y` of its middle, `size` of its longer side.

    `angle` is degrees, anticlockwise.
    """

    motif: int
    x: float
    y: float
    size: float
    angle: float


def toss(*, seed: int, repeat: Repeat, motifs: int, how: Toss) -> list[Placement]:
    """Lay motifs out in turn until there is no room, and take away what the density leaves.

    Each motif is laid down at least once wherever `how.has_room_for` so many. A motif is a disc as wide as its longer
    side.
    """
    random = np.random.default_rng(seed)
    laid = _scatter(random, [], repeat, motifs, how)
    if len(laid) < motifs and how.has_room_for(motifs, repeat):
        # By chance the first ones lie where the last ones would have had room.
        laid = _scatter(random, _arranged(random, repeat, motifs, how), repeat, motifs, how)
    return laid[: max(motifs, round(how.density * len(laid)))]


def _scatter(
    random: np.random.Generator, before: Sequence[Placement], repeat: Repeat, motifs: int, how: Toss
) -> list[Placement]:
    """What lies there before, and as many more as have room.

    Each goes where, of some random places, it has the most room on the torus (Mitchell's best candidate), so that
    none lies on another and the gaps are alike: blue noise.
    """
    laid = list(before)
    misses = 0
    while misses < MISSES and len(laid) < MOST:
        size = how.size * (1 - how.size_spread * random.random())
        places = random.random((CANDIDATES, 2))
        angle = random.uniform(-how.rotation, how.rotation)
        room = [min((_gap(x, y, size, other, repeat) for other in laid), default=1.0) - how.spacing for x, y in places]
        best = int(np.argmax(room))
        # Between two images of itself a motif needs room as well.
        if room[best] < 0 or size + how.spacing > period(repeat):
            misses += 1
            continue
        misses = 0
        laid.append(Placement(len(laid) % motifs, float(places[best, 0]), float(places[best, 1]), size, angle))
    return laid


def _arranged(random: np.random.Generator, repeat: Repeat, motifs: int, how: Toss) -> list[Placement]:
    """Each motif once, where they have the most room, as large as drawn or as that room allows."""
    places = random.permutation(np.asarray(roomiest(motifs, repeat), float)) + random.random(2)
    most = widest(motifs, repeat) - how.spacing
    laid = []
    for motif, place in enumerate(places.tolist()):
        x, y = on_tile(place, repeat)
        size = min(most, how.size * (1 - how.size_spread * random.random()))
        laid.append(Placement(motif, x, y, size, random.uniform(-how.rotation, how.rotation)))
    return laid


def _gap(x: float, y: float, size: float, other: Placement, repeat: Repeat) -> float:
    """The gap between two discs on the torus; negative where they overlap."""
    return apart((x, y), (other.x, other.y), repeat) - (size + other.size) / 2


def paint(
    placements: Sequence[Placement],
    motifs: Sequence[Pixels],
    side: float,
    background: tuple[int, ...] | None,
    repeat: Repeat,
) -> Pixels:
    """The tile at about `side` pixels, (side, side, 3), or with alpha where there is no background.

    A motif that crosses an edge comes in on the other side, as the very same pixels: places are whole pixels, and the
    side is the one that `fitted` answers.
    """
    side, _ = fitted((side, side), repeat)
    tile = np.zeros((side, side, 4), np.float32)  # premultiplied
    offsets = [(round(across * side), round(down * side)) for across, down in neighbours(repeat)]
    for placement in placements:
        moved()
        stamp = turned(motifs[placement.motif], placement.size * side, placement.angle)
        height, width = stamp.shape[:2]
        left, top = round(placement.x * side - width / 2), round(placement.y * side - height / 2)
        for across, down in offsets:
            _lay(tile, stamp, left + across, top + down)
    moved()
    alpha = tile[..., 3:]
    if background is None:
        colours = tile[..., :3] / np.maximum(alpha, 1e-6)
        return to_levels(np.concatenate([colours, alpha], 2))
    ground = np.asarray(background[:3], np.float32) / 255
    return to_levels(tile[..., :3] + ground * (1 - alpha))


def to_levels(values: NDArray[np.floating]) -> Pixels:
    """0 to 1 as bytes."""
    levels: Pixels = np.rint(values.clip(0, 1) * 255).astype(np.uint8)
    return levels


def turned(motif: Pixels, longer: float, angle: float) -> Premultiplied:
    """The motif at a size, turned by an angle, premultiplied, 0 to 1, as small as holds it."""
    picture = Image.fromarray(motif).convert("RGBa")
    scale = longer / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    scaled = picture.resize(size, Image.Resampling.LANCZOS)
    bands = [band.rotate(angle, Image.Resampling.BICUBIC, expand=True) for band in scaled.split()]
    return np.stack([np.asarray(band) for band in bands], 2).astype(np.float32) / np.float32(255)


def _lay(tile: Premultiplied, stamp: Premultiplied, left: int, top: int) -> None:
    """Put a stamp over the tile, cut off at its edges."""
    side = tile.shape[0]
    first, last = max(0, top), min(side, top + stamp.shape[0])
    start, end = max(0, left), min(side, left + stamp.shape[1])
    if first >= last or start >= end:
        return
    part = stamp[first - top : last - top, start - left : end - left]
    under = tile[first:last, start:end]
    tile[first:last, start:end] = part + under * (1 - part[..., 3:])
