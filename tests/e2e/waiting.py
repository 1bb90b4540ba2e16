"""Bounded waiting for what nobody announces."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.05


def eventually(look: Callable[[], T], *, within_s: float = 10.0) -> T:
    """The first true answer of `look`; fails with the last one once the time is over."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {within_s} s; last seen: {seen!r}"
        time.sleep(POLL_S)
    return seen
