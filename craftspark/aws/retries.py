"""Calls that are made again because a service was too busy for a part of them."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

Asked = TypeVar("Asked")

TRIES = 5


def pause_s(tries: int) -> float:
    """A random pause after so many tries before this one: up to 0.01 s after the first, twice as much after each."""
    return random.uniform(0, min(0.5, 0.01 * 2**tries))  # noqa: S311 - spreads load, no security


def until_done(call: Callable[[Asked], Asked], asked: Asked) -> Asked:
    """Make a call, and again with the rest, up to `TRIES` times. Returns the rest after the last call.

    `call` returns the rest: the keys or entries that the service was too busy for.
    """
    for tries in range(TRIES):
        if tries:
            time.sleep(pause_s(tries))
        asked = call(asked)
        if not asked:
            break
    return asked
