"""Bounded waiting for what nobody announces.

The bound is for what hangs: it is far beyond what any machine needs, so that no verdict depends on speed.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.05
HANGS_AFTER_S = 180.0


def eventually(look: Callable[[], T], *, within_s: float = HANGS_AFTER_S) -> T:
    """The first true answer of `look`; fails with the last one once the time is over."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {within_s} s; last seen: {seen!r}"
        time.sleep(POLL_S)
    return seen
