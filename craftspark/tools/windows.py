"""Which windows of the model's size draw what is new on a canvas, and in which order."""

from dataclasses import dataclass
from functools import lru_cache

OVERLAP = 4  # of a window's side, one part in so many is shared with its neighbour


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; right and bottom are the first that it does not hold."""

    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: "Box", gap: int = 0) -> bool:
        """Whether the two share pixels, or are less than `gap` apart."""
        across = self.left < other.right + gap and other.left < self.right + gap
        return across and self.top < other.bottom + gap and other.top < self.bottom + gap

    def holds(self, other: "Box") -> bool:
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def away_from(self, other: "Box") -> int:
        """How far the middle of this is from the other's nearest pixel, added up over both axes, doubled."""
        across = max(2 * other.left - self.left - self.right, self.left + self.right - 2 * other.right, 0)
        down = max(2 * other.top - self.top - self.bottom, self.top + self.bottom - 2 * other.bottom, 0)
        return across + down


@lru_cache(maxsize=64)  # a request is priced, estimated and drawn by the same ones
def rounds(canvas: tuple[int, int], known: Box | None, window: tuple[int, int]) -> list[list[Box]]:
    """Windows (width, height) that hold all of a canvas (width, height) but what is known, round after round.

    Each window meets what is known or what an earlier round drew, so that it goes on from there; those of one round
    are too far apart to concern each other, and can be drawn together. The nearest to what is known come first. A
    canvas narrower than a window has one that reaches beyond it.
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
    """Where windows begin, evenly, so that neighbours share enough."""
    if length <= window:
        return [0]
    room = length - window
    count = -(-room // (window - window // OVERLAP))
    return [round(room * number / count) for number in range(count + 1)]
