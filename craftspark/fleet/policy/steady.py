"""Desired counts that do not oscillate: they rise immediately, and fall when the need has been lower for some time."""

# A lower need for arrivals has to last so long. Seconds.
LASTS_S = 80.0

Counts = tuple[tuple[float, int], ...]


def settle(recent: Counts, count: int, at: float, lasts_s: float) -> tuple[int, Counts]:
    """The largest count of the last `lasts_s`, and the counts that can still be the largest one."""
    larger = tuple(each for each in recent if each[0] > at - lasts_s and each[1] > count)
    return larger[0][1] if larger else count, (*larger, (at, count))
