"""Imports of large packages, such as PyTorch and Diffusers."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_garbage_collection() -> Iterator[None]:
    """Import modules without garbage collection, which takes a fifth of the time of a large import and finds nothing.

    The modules stay until the process ends, so later collections skip the objects that exist when the block ends.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
