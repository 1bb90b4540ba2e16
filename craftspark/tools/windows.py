"""The windows of the model's size that draw the new area of a canvas, and their order."""

from dataclasses import dataclass
from functools import lru_cache

OVERLAP = 4  # of a window's side, one part in so many is shared with its neighbour


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels. `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: "Box", gap: int = 0) -> bool:
        """Whether the two overlap, or are less than `gap` apart."""
        across = self.left < other.right + gap and other.left < self.right + gap
        return across and self.top < other.bottom + gap and other.top < self.bottom + gap

    def holds(self, other: "Box") -> bool:
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def away_from(self, other: "Box") -> int:
        """Twice the distance from the centre of this box to the nearest pixel of the other, summed over both axes."""
        across = max(2 * other.left - self.left - self.right, self.left + self.right - 2 * other.right, 0)
        down = max(2 * other.top - self.top - self.bottom, self.top + self.bottom - 2 * other.bottom, 0)
        return across + down


@lru_cache(maxsize=64)  # pricing, estimate and drawing of a request use the same windows
def rounds(canvas: tuple[int, int], known: Box | None, window: tuple[int, int]) -> list[list[Box]]:
    """Windows (width, height) that cover a canvas (width, height) except the known area, in rounds.

    Each window overlaps the known area or an earlier round, and continues from it. Windows of one round are too far
    apart to affect each other, so they can be drawn together. The nearest to the known area come first. On a canvas
    narrower than a window, the window extends beyond it.
    """
    frame = Box(0, 0, *canvas)
    boxes = [
        Box(left, top, left + window[0], top + window[1])
        for top in _starts(canvas[1], window[1])
        for left in _starts(canvas[0], window[0])
    ]
    waiting = [box for box in boxes if known is None or not known.holds(_within(box, frame))]
    seen = [known] if known else waiting[:1]
    waiting.sort(key=lambda box: box.away_from(seen[0]))
    made: list[list[Box]] = []
    while waiting:
        together: list[Box] = []
        for box in waiting:
            if any(box.meets(other) for other in seen) and not any(
                box.meets(other, gap=min(window) // OVERLAP) for other in together
            ):
                together.append(box)
        waiting = [box for box in waiting if box not in together]
        seen += together
        made.append(together)
    return made


def _within(box: Box, frame: Box) -> Box:
    return Box(box.left, box.top, min(box.right, frame.right), min(box.bottom, frame.bottom))


def _starts(length: int, window: int) -> list[int]:
    """The start positions of windows, evenly spaced so that neighbours overlap enough."""
    if length <= window:
        return [0]
    room = length - window
    count = -(-room // (window - window // OVERLAP))
    return [round(room * number / count) for number in range(count + 1)]
