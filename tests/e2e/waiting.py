"""Waiting with a limit for conditions without a notification.

The limit ends a test that hangs. It is much longer than any machine needs, so that no result depends on speed.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.05
HANGS_AFTER_S = 180.0


def eventually(look: Callable[[], T], *, within_s: float = HANGS_AFTER_S) -> T:
    """Return the first true result of `look`. Fails with the last result after the time limit."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {within_s} s; last seen: {seen!r}"
        time.sleep(POLL_S)
    return seen
