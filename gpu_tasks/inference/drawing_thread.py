"""The thread that draws on a GPU. It is replaced when the GPU's memory was not enough."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

import torch

Result = TypeVar("Result")


def count_shortages() -> int:
    """Return how often memory of the GPU was not enough in this process."""
    return int(torch.cuda.memory_stats().get("num_ooms", 0))


class DrawingThread:
    """Runs drawings in a thread whose convolutions chose their kernels with enough memory.

    Without memory for the workspace of a kernel, PyTorch's convolutions take another kernel, whose numbers are rounded
    differently, and keep it for this shape for as long as the thread lives. So the pixels of a drawing during which the
    memory was not enough are not those of its seed, and neither are those of later drawings in the same thread.
    """

    def __init__(self, shortages: Callable[[], int] = count_shortages) -> None:
        self._shortages = shortages
        self._thread = _new_thread()

    def run(self, work: Callable[[], Result]) -> Result:
        """Return the result of the work, or raise its error. Raises torch.OutOfMemoryError if memory was not enough,
        also if the work did not fail.
        """
        before = self._shortages()
        try:
            result = self._thread.submit(copy_context().run, work).result()
        finally:
            short = self._shortages() > before
            if short:
                self._thread.shutdown(wait=False)
                self._thread = _new_thread()
        if short:
            raise torch.OutOfMemoryError("the memory of the GPU was not enough for the kernels of this drawing")
        return result


def _new_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="drawing")


def run_here(work: Callable[[], Result]) -> Result:
    """Return the result of the work. A CPU needs no separate thread."""
    return work()
