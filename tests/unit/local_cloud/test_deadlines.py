"""Calls at a later time in the emulator."""

import threading

from local_cloud.emulator.deadlines import Deadlines

PATIENCE_S = 30.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_function_is_called_when_its_time_has_come() -> None:
    clock = Clock()
    deadlines, early, late = Deadlines(clock), threading.Event(), threading.Event()
    deadlines.add(0.02, late.set)
    deadlines.add(0.01, early.set)

    clock.now = 0.01

    assert early.wait(PATIENCE_S)
    assert not late.is_set()
    clock.now = 0.02
    assert late.wait(PATIENCE_S)
    assert len(deadlines) == 0


def test_a_function_is_not_called_after_it_is_cancelled() -> None:
    clock = Clock()
    deadlines, cancelled, done = Deadlines(clock), threading.Event(), threading.Event()
    cancel = deadlines.add(0.01, cancelled.set)
    deadlines.add(0.02, done.set)

    cancel()
    clock.now = 0.02

    assert done.wait(PATIENCE_S)
    assert not cancelled.is_set()


def test_a_call_that_does_not_end_delays_no_other() -> None:
    deadlines, forever, done = Deadlines(), threading.Event(), threading.Event()
    deadlines.add(0.0, forever.wait)
    deadlines.add(0.0, done.set)

    assert done.wait(PATIENCE_S)
    forever.set()


def test_many_functions_wait_in_one_thread() -> None:
    deadlines = Deadlines()
    before = set(threading.enumerate())
    cancels = [deadlines.add(3600.0, lambda: None) for _ in range(100)]

    assert len(set(threading.enumerate()) - before) == 1
    for cancel in cancels:
        cancel()
    assert len(deadlines) == 0
