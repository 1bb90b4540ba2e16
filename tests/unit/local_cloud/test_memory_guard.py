"""Processes that take more memory than they have are ended while they work. Other processes continue."""

import os
import subprocess
import sys

from local_cloud.emulator import memory_guard
from local_cloud.emulator.memory_guard import MemoryGuard

MIB = 1024 * 1024


class Machine:
    """Processes with their memory, of which some are killed."""

    def __init__(self, memory: dict[int, int]) -> None:
        self.memory, self.killed = memory, list[int]()

    def exceeds(self, process: int, max_bytes: int) -> bool:
        return self.memory[process] > max_bytes

    def guard(self) -> MemoryGuard:
        return MemoryGuard(self.exceeds, self.killed.append)


def test_only_the_process_that_has_too_much_is_ended_and_once() -> None:
    machine = Machine({1: 100, 2: 101})
    guard = machine.guard()

    with guard.watch(lambda: 1, 100) as one, guard.watch(lambda: 2, 100) as other:
        guard.check()
        guard.check()

    assert machine.killed == [2]
    assert (one.exceeded, other.exceeded) == (False, True)


def test_a_process_that_has_not_started_or_has_ended_its_work_is_left_alone() -> None:
    machine = Machine({1: 200})
    guard = machine.guard()

    with guard.watch(lambda: None, 100):
        guard.check()
    with guard.watch(lambda: 1, 100):
        pass
    guard.check()

    assert machine.killed == []


def test_a_process_counts_with_its_children() -> None:
    hold = f"data = b'x' * {60 * MIB}; print('ready', flush=True); input()"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    parent = subprocess.Popen(
        [sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"

        assert memory_guard.exceeds(parent.pid, 50 * MIB) == memory_guard.PROCESSES.exists()
        assert not memory_guard.exceeds(parent.pid, 400 * MIB)
        memory_guard.kill(parent.pid)

    assert parent.returncode == -9
    assert not memory_guard.exceeds(os.getpid(), 1 << 40)
