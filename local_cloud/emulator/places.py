"""Places for the tasks that RunTask launches: as many as the services leave cores, first come, first served."""

import os
import threading
from collections.abc import Sequence
from typing import Protocol

# Nobody announces that a task was stopped while it waited, or that a service changed its number of tasks.
LOOK_AGAIN_S = 1.0


class NoPlace(Exception):
    """A task was stopped, or the local cloud began to stop, before there was a place."""


class Demand(Protocol):
    """What ECS knows of the tasks that want cores."""

    def launched(self) -> Sequence[str]:
        """The ARNs of launched tasks that nobody has stopped, in the order of RunTask."""

    def service_tasks(self) -> int:
        """How many tasks the services want to run. They are there before any launched one and never wait."""


class Places:
    """Each task loads a model and computes: one more than there are cores makes all of them slower, and late."""

    def __init__(self, demand: Demand) -> None:
        self._demand = demand
        self._changed = threading.Condition()
        self._taken: set[str] = set()
        self._served: set[str] = set()
        self._closed = False

    def take(self, task: str) -> None:
        """Block until all tasks before this one had a place and one is free; raises NoPlace."""
        with self._changed:
            while not self._is_next(task):
                self._changed.wait(LOOK_AGAIN_S)
            self._taken.add(task)
            self._served.add(task)
            self._changed.notify_all()

    def release(self, task: str) -> None:
        with self._changed:
            self._taken.discard(task)
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and send away whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _is_next(self, task: str) -> bool:
        if self._closed:
            raise NoPlace("the local cloud is stopping")
        launched = self._demand.launched()
        self._served &= {*launched, *self._taken}
        waiting = [each for each in launched if each not in self._served]
        if task not in waiting:
            raise NoPlace(f"{task} was stopped while it waited for a place")
        return waiting.index(task) < count(self._demand.service_tasks()) - len(self._taken)


def count(service_tasks: int) -> int:
    """How many launched tasks may run beside those of the services: one for each core left, at least one."""
    return max(1, len(os.sched_getaffinity(0)) - service_tasks)
