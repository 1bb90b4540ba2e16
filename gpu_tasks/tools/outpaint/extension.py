"""The canvas of an outpainted picture, with everything that can be continued without drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from craftspark.tools.windows import Box
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.outpaint.gradients import measure_slope
from gpu_tasks.tools.outpaint.grounds import TOLERANCE, Values, find_grain, find_plain_ground
from gpu_tasks.tools.outpaint.objects import find_cut_objects, round_off
from gpu_tasks.tools.outpaint.repeats import continue_repeat, find_period

# What a model is asked to draw: everything, what neither is plain nor repeats, or nothing.
Draws: TypeAlias = Literal["all", "scenes", "nothing"]


@dataclass(frozen=True, kw_only=True)
class Extension:
    """A canvas (height, width, 3 or 4). `known` is the part that is final: the source, and the grounds that continue
    it. Everything else must be drawn, and has what the picture could continue as until then. `fringe` is the width in
    pixels of the source's edges that have another colour than its ground.
    """

    pixels: Pixels
    known: Box
    fringe: int


@dataclass(frozen=True)
class Side:
    """A side of a picture. Turned, the side is on the right."""

    name: str
    upright: bool
    mirrored: bool

    def turn(self, picture: NDArray[Any]) -> NDArray[Any]:
        turned = picture.transpose(1, 0, 2) if self.upright else picture
        return turned[:, ::-1] if self.mirrored else turned

    def turn_back(self, turned: NDArray[Any]) -> NDArray[Any]:
        picture = turned[:, ::-1] if self.mirrored else turned
        return picture.transpose(1, 0, 2) if self.upright else picture


SIDES = (
    Side("left", False, True),
    Side("right", False, False),
    Side("top", True, True),
    Side("bottom", True, False),
)


MAX_FRINGE = 3  # pixels
LEAST_FRINGED = 16  # pixels per side of a source that has a fringe


def extend(source: Pixels, place: Box, size: tuple[int, int], seed: int, draws: Draws) -> Extension:
    """Extend a source to a canvas of `size` (width, height), and leave to the model what it `draws`.

    A ground is continued from within the source's fringe, which stays as it is.
    """
    fringe = measure_fringe(source)
    inner = source[fringe : len(source) - fringe, fringe : source.shape[1] - fringe]
    rooms = (place.left, size[0] - place.right, place.top, size[1] - place.bottom)
    pixels, known = _extend(inner, place, [room + fringe for room in rooms], size, seed, draws)
    pixels[place.top : place.bottom, place.left : place.right] = source
    return Extension(pixels=pixels, known=known, fringe=fringe)


def measure_fringe(source: Pixels) -> int:
    """Return how many of the outermost pixels of a source have another colour than the ground next to them, on one side
    or more: 0, or at most MAX_FRINGE. Resampling and compression leave such lines.
    """
    values = premultiply(source)
    if min(values.shape[:2]) < LEAST_FRINGED:
        return 0
    for fringe in range(MAX_FRINGE + 1):
        pairs = [
            (turned[:, -1 - fringe], turned[:, -1 - fringe - MAX_FRINGE])
            for turned in (side.turn(values) for side in SIDES)
        ]
        if all(np.median(np.abs(outer - within).max(1)) <= TOLERANCE for outer, within in pairs):
            return fringe
    return 0


def _extend(
    source: Pixels, place: Box, rooms: Sequence[int], size: tuple[int, int], seed: int, draws: Draws
) -> tuple[Pixels, Box]:
    """Extend a source by `rooms` on each of SIDES. Returns the canvas and the part of it that is final, at least
    `place`.
    """
    picture = source
    known = {"left": place.left, "top": place.top, "right": place.right, "bottom": place.bottom}
    for number, (side, room) in enumerate(zip(SIDES, rooms, strict=True)):
        if not room:
            continue
        turned = side.turn(picture)
        start = rooms[0] if side.upright else 0  # the left side comes first
        filled = None if draws == "all" else continue_ground(side.turn(source), turned, start, room, seed + number)
        if filled is None:
            filled = finish_edge(turned, room)
            is_final = draws == "nothing"
        else:
            is_final = True
        if is_final:
            known[side.name] = 0 if side.mirrored else size[side.upright]
        picture = side.turn_back(np.concatenate([turned, filled], 1))
    return np.ascontiguousarray(picture), Box(**known)


def continue_ground(source: Pixels, picture: Pixels, start: int, room: int, seed: int) -> Pixels | None:
    """Return the next `room` columns of a picture, judged by the source in it, which starts at the row `start`, or None
    if its ground neither is plain nor repeats.
    """
    if period := find_period(source):  # first, because a plain strip can be between the objects of a repeat
        return picture[:, continue_repeat(picture.shape[1], period, room)]
    values, whole = premultiply(source), premultiply(picture)
    slope = measure_slope(values)
    beside = ((start, len(whole) - start - len(values)), (0, 0))
    if find_plain_ground(values, slope):
        ground = find_plain_ground(whole, np.pad(slope, beside, mode="edge"))
    else:
        ground = find_grain(whole) if find_grain(values) else None
    return to_straight(ground.extend(picture.shape[1], room, np.random.default_rng(seed))) if ground else None


def finish_edge(picture: Pixels, room: int) -> Pixels:
    """Return `room` columns that end objects which the edge cuts off, or else mirror what is next to the edge."""
    values = premultiply(picture)
    objects = find_cut_objects(values)
    if objects is not None:
        return to_straight(round_off(values, objects, room))
    place = np.arange(room) % (2 * picture.shape[1])
    return picture[:, -1 - np.minimum(place, 2 * picture.shape[1] - 1 - place)]


def premultiply(picture: Pixels) -> Values:
    values = picture.astype(np.float32)
    if values.shape[2] == 4:
        values[..., :3] *= values[..., 3:] / 255
    return values


def to_straight(values: Values) -> Pixels:
    if values.shape[2] == 4:
        colours = values[..., :3] * 255 / np.maximum(values[..., 3:], 1)
        values = np.concatenate([colours, values[..., 3:]], 2)
    return values.round().clip(0, 255).astype(np.uint8)
