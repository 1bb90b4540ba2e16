"""The thread of drawings, with counted shortages of memory."""

import threading
from contextvars import ContextVar

import pytest
import torch

from gpu_tasks.inference.drawing_thread import DrawingThread


class Memory:
    """Counts shortages of memory."""

    def __init__(self) -> None:
        self.shortages = 0

    def run_short(self) -> int:
        self.shortages += 1
        return threading.get_ident()

    def fail(self) -> None:
        self.shortages += 1
        raise RuntimeError("no engine")


def test_drawings_share_a_thread_and_see_the_caller_s_context() -> None:
    drawn = ContextVar("drawn", default=0)
    thread = DrawingThread(lambda: 0)
    drawn.set(7)

    first = thread.run(threading.get_ident)

    assert first != threading.get_ident()
    assert thread.run(threading.get_ident) == first
    assert thread.run(drawn.get) == 7


def test_a_drawing_during_which_the_memory_was_short_fails_and_leaves_no_kernels() -> None:
    memory = Memory()
    thread = DrawingThread(lambda: memory.shortages)
    first = thread.run(threading.current_thread)

    with pytest.raises(torch.OutOfMemoryError):
        thread.run(memory.run_short)

    assert thread.run(threading.current_thread) is not first


def test_the_error_of_a_drawing_is_its_own() -> None:
    memory = Memory()
    thread = DrawingThread(lambda: memory.shortages)
    first = thread.run(threading.current_thread)

    with pytest.raises(RuntimeError, match="no engine"):
        thread.run(memory.fail)

    assert thread.run(threading.current_thread) is not first
