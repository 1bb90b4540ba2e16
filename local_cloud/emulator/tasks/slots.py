"""Slots for the tasks of a family that RunTask launches: one for each core that the services leave, in order of launch.

Each pool has its own family. On AWS it has its own instances, so a pool does not wait for the tasks of another.
"""

import os
import threading
from collections.abc import Sequence
from typing import Protocol

# No event reports that a waiting task was stopped, or that a service changed its number of tasks.
POLL_S = 1.0


class SlotUnavailable(Exception):
    """The task was stopped, or the local cloud is stopping, before the task got a slot."""


class TaskDemand(Protocol):
    """The tasks of a family that need cores, from the state of ECS."""

    def launched_tasks(self) -> Sequence[str]:
        """The ARNs of launched tasks that are not stopped, in the order of RunTask."""

    def service_tasks(self) -> int:
        """The desired number of tasks of all services. They start before any launched task and never wait."""


class TaskSlots:
    """Limits how many launched tasks run. Each task loads a model and computes, so more tasks than cores are slower."""

    def __init__(self, demand: TaskDemand) -> None:
        self._demand = demand
        self._changed = threading.Condition()
        self._in_use: set[str] = set()
        self._served: set[str] = set()
        self._closed = False

    def wait_for_turn(self, task: str) -> None:
        """Block until `acquire` would not wait, and take nothing; raises SlotUnavailable."""
        with self._changed:
            while not self._is_next(task):
                self._changed.wait(POLL_S)

    def acquire(self, task: str) -> None:
        """Block until all earlier tasks have had a slot and one is free; raises SlotUnavailable."""
        with self._changed:
            while not self._is_next(task):
                self._changed.wait(POLL_S)
            self._in_use.add(task)
            self._served.add(task)
            self._changed.notify_all()

    def release(self, task: str) -> None:
        with self._changed:
            self._in_use.discard(task)
            self._changed.notify_all()

    def close(self) -> None:
        """Raise SlotUnavailable in every waiting and every later call of `acquire`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _is_next(self, task: str) -> bool:
        if self._closed:
            raise SlotUnavailable("the local cloud is stopping")
        launched = self._demand.launched_tasks()
        self._served &= {*launched, *self._in_use}
        waiting = [each for each in launched if each not in self._served]
        if task not in waiting:
            raise SlotUnavailable(f"{task} was stopped while it waited for a slot")
        return waiting.index(task) < slot_count(self._demand.service_tasks()) - len(self._in_use)


def slot_count(service_tasks: int) -> int:
    """The number of launched tasks that may run at the same time: one for each core that is left, and at least one."""
    return max(1, len(os.sched_getaffinity(0)) - service_tasks)
