"""The parts of a canvas, each of which is one drawing in the size of a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from craftspark.tools.request import sides

# A part may be this many times as elongated as the model's size. Beyond it, a model would see too little of the canvas.
MAX_ELONGATION = 3
OVERLAP = 2  # of a part's length, one share in so many is common with its neighbour


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels. `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.right - self.left, self.bottom - self.top

    def holds(self, other: "Box") -> bool:
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def within(self, other: "Box") -> "Box | None":
        """The part of this box inside the other, in pixels from the other's corner."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        if left >= right or top >= bottom:
            return None
        return Box(left - other.left, top - other.top, right - other.left, bottom - other.top)

    def away_from(self, other: "Box") -> int:
        """Twice the distance from the centre of this box to the nearest pixel of the other, summed over both axes."""
        across = max(2 * other.left - self.left - self.right, self.left + self.right - 2 * other.right, 0)
        down = max(2 * other.top - self.top - self.bottom, self.top + self.bottom - 2 * other.bottom, 0)
        return across + down


def choose_size(aspect: float, sizes: Sequence[str]) -> tuple[int, int]:
    """The size, (width, height), with the aspect ratio that is nearest to this one, width over height."""
    return min(map(sides, sizes), key=lambda size: abs(log(size[0] / size[1] / aspect)))


def fit_into(picture: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """The largest size, (width, height), with the aspect ratio of a picture that fits into another size."""
    scale = min(size[0] / picture[0], size[1] / picture[1])
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))


@lru_cache(maxsize=64)  # price, estimate and drawing of a request use the same parts
def split_canvas(canvas: tuple[int, int], known: Box, size: tuple[int, int]) -> tuple[Box, ...]:
    """The parts of a canvas (width, height) that are drawn one after the other, each reduced to a model's size.

    That is the whole canvas, unless it is far more elongated than the size. Then the parts overlap, and the nearest to
    the known area comes first, so that each continues what is there.
    """
    width, height = canvas
    across = width * size[1] >= height * size[0]
    length, breadth = (width, height) if across else (height, width)
    elongation = size[0] / size[1] if across else size[1] / size[0]
    longest = max(1, int(MAX_ELONGATION * elongation * breadth))
    boxes = [
        Box(start, 0, start + min(longest, length), height)
        if across
        else Box(0, start, width, start + min(longest, length))
        for start in _starts(length, longest)
    ]
    return tuple(sorted((box for box in boxes if not known.holds(box)), key=lambda box: box.away_from(known)))


def _starts(length: int, part: int) -> list[int]:
    """The start positions of parts, evenly spaced so that neighbours overlap enough."""
    if length <= part:
        return [0]
    room = length - part
    count = -(-room // max(1, part - part // OVERLAP))
    return [round(room * number / count) for number in range(count + 1)]
