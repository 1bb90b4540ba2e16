"""Desired counts that do not oscillate: they rise immediately, and fall when the need has been lower for some time."""

# A task that is given back too early costs a cold start. So a lower need has to last this many cold starts.
LASTS = 1.0
LEAST_S = 60.0

Counts = tuple[tuple[float, int], ...]


def settle(recent: Counts, count: int, at: float, cold_start_s: float) -> tuple[int, Counts]:
    """The largest count of the last cold start, and the counts that can still be the largest one."""
    lasts_s = max(LEAST_S, LASTS * cold_start_s)
    larger = tuple(each for each in recent if each[0] > at - lasts_s and each[1] > count)
    return larger[0][1] if larger else count, (*larger, (at, count))
