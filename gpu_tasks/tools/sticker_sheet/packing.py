"""Packing: places on a page for stickers, as rectangles in whole millimetres."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, repeat
from math import ceil, floor

import rpack

from craftspark.tools.sticker_sheet import MAX_STICKERS
from gpu_tasks.activity import record_activity

EPSILON = 1e-6

Size = tuple[int, int]  # width and height


@dataclass(frozen=True, kw_only=True)
class Place:
    """The left top corner of a sticker in the room, in mm. A `turned` sticker is turned by 90 degrees."""

    sticker: int
    left_mm: int
    top_mm: int
    turned: bool


@dataclass(frozen=True, kw_only=True)
class Packing:
    """The places of some of the wanted stickers, or of all and more."""

    places: tuple[Place, ...]
    wanted: int

    @property
    def complete(self) -> bool:
        """Whether all wanted stickers have a place."""
        return len(self.places) >= self.wanted


@dataclass(frozen=True, kw_only=True)
class Room:
    """An area for stickers of these sizes (width, height) in mm, with a gap between them.

    Each sticker is packed as a cell of whole millimetres that has the gap on two sides, and the area has one more.
    """

    size_mm: tuple[float, float]
    gap_mm: float

    @property
    def cells(self) -> Size:
        """The width and the height of the area."""
        width, height = (floor(side + self.gap_mm + EPSILON) for side in self.size_mm)
        return width, height

    def cell(self, size_mm: tuple[float, float]) -> Size:
        """The width and the height of a sticker with its gap."""
        width, height = (ceil(side + self.gap_mm - EPSILON) for side in size_mm)
        return width, height

    def holds(self, cell: Size) -> bool:
        """Whether a sticker fits at all."""
        return cell[0] <= self.cells[0] and cell[1] <= self.cells[1]


def pack(
    sizes_mm: Sequence[tuple[float, float]], copies: Sequence[int], room: Room, *, fill: bool, rotate: bool
) -> Packing:
    """Place copies of stickers with these sizes, and with `fill` further ones in turn until there is no more room.

    Each way to turn the stickers is tried, and the one with the most stickers is kept, the first of equals. A sticker
    that does not fit at all has no place.
    """
    cells = [room.cell(size) for size in sizes_mm]
    wanted = list(_list_wanted(copies))
    best: tuple[Place, ...] = ()
    for turned in _list_turns(cells, room, rotate=rotate):
        each = [cell[::-1] if turn else cell for cell, turn in zip(cells, turned, strict=True)]
        able = [number for number in wanted if room.holds(each[number])]
        stickers = extend([], able, each, room)
        if fill and len(stickers) == len(wanted):
            stickers = extend(stickers, islice(cycle(range(len(each))), MAX_STICKERS), each, room)
            for number in sorted(range(len(each)), key=lambda number: -each[number][0] * each[number][1]):
                stickers = extend(stickers, repeat(number, MAX_STICKERS), each, room)
        if len(stickers) > len(best):
            best = _centre(stickers, each, turned, room)
        if len(best) == len(wanted) and not fill:
            break
    return Packing(places=best, wanted=len(wanted))


def extend(stickers: list[int], more: Sequence[int] | Iterator[int], cells: Sequence[Size], room: Room) -> list[int]:
    """Return the stickers with as many of the others, in their order, as have room, at most MAX_STICKERS."""
    waiting = list(islice(more, MAX_STICKERS - len(stickers)))
    area = room.cells[0] * room.cells[1] - sum(_area(cells[number]) for number in stickers)
    least, most = 0, 0
    for number in waiting:
        area -= _area(cells[number])
        if area < 0:
            break
        most += 1
    while least < most:
        tried = (least + most + 1) // 2
        if _find_places([cells[number] for number in [*stickers, *waiting[:tried]]], room) is not None:
            least = tried
        else:
            most = tried - 1
    return [*stickers, *waiting[:least]]


def _area(cell: Size) -> int:
    return cell[0] * cell[1]


def _find_places(cells: Sequence[Size], room: Room) -> list[Size] | None:
    record_activity()
    width, height = room.cells
    try:
        return list(rpack.pack(list(cells), max_width=width, max_height=height))
    except rpack.PackingImpossibleError:
        return None


def _list_wanted(copies: Sequence[int]) -> Iterator[int]:
    """Yield the number of each wanted sticker: one copy of each, then the next."""
    for copy in range(max(copies)):
        yield from (number for number, count in enumerate(copies) if copy < count)


def _list_turns(cells: Sequence[Size], room: Room, *, rotate: bool) -> Iterator[tuple[bool, ...]]:
    """Yield ways to turn the stickers: as they are, all lying, all standing. One that fits only turned is turned."""
    rules: list[Callable[[Size], bool]] = [lambda _: False]
    if rotate:
        rules += [lambda cell: cell[0] < cell[1], lambda cell: cell[0] > cell[1]]
    seen = set()
    for rule in rules:
        turned = tuple(
            rule(cell) if not rotate or room.holds(cell[::-1] if rule(cell) else cell) else not rule(cell)
            for cell in cells
        )
        if turned not in seen:
            seen.add(turned)
            yield turned


def _centre(stickers: Sequence[int], cells: Sequence[Size], turned: Sequence[bool], room: Room) -> tuple[Place, ...]:
    """Return the places of stickers that have room, all together in the middle of it."""
    sizes = [cells[number] for number in stickers]
    found = _find_places(sizes, room) or []
    used = rpack.bbox_size(sizes, found)
    left, top = ((side - taken) // 2 for side, taken in zip(room.cells, used, strict=True))
    return tuple(
        Place(sticker=number, left_mm=left + x, top_mm=top + y, turned=turned[number])
        for number, (x, y) in zip(stickers, found, strict=True)
    )
