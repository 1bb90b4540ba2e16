"""Turns: which maker's image a worker draws next."""

# The turns of the last makers are kept. A maker whose turn is forgotten counts as new, and goes first.
MAX_MAKERS = 1000


class Turns:
    """The order in which makers had their last turn. The maker whose last turn is the longest ago is next.

    So a maker with many images delays each image of another maker by one turn, and not by all of its images.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._count = 0

    def last(self, maker: str) -> int:
        """The number of the maker's last turn, or 0."""
        return self._last.get(maker, 0)

    def take(self, maker: str) -> None:
        """Record a turn of the maker."""
        self._count += 1
        self._last.pop(maker, None)
        self._last[maker] = self._count
        if len(self._last) > MAX_MAKERS:
            del self._last[next(iter(self._last))]
