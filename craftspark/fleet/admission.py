"""Admission: how long a job waits for the tasks that its pool has and can get, and whether the job is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import ceil, inf
from typing import Self

from craftspark.fleet.observations import DECIDE_EVERY_S, LATE_S
from craftspark.fleet.supply import PoolSupply, StartingTasks


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The tasks of a pool from now on. Times are seconds from now.

    `running` tasks take work. The fleet's controller can add `obtainable` tasks to those that run or start. A task that
    is requested now takes work after `cold_start_s`. `interactive_rate` is the interactive work that arrives, in
    seconds of one GPU per second.
    """

    running: int
    starting: tuple[StartingTasks, ...] = ()
    obtainable: int
    cold_start_s: float
    interactive_rate: float = 0.0

    @classmethod
    def of(cls, record: PoolSupply, now: float) -> Self:
        """The outlook at `now`, in seconds since the epoch."""
        age_s = max(0.0, now - record.at)
        return cls(
            running=record.running,
            starting=tuple(
                StartingTasks(tasks=each.tasks, ready_in_s=max(0.0, each.ready_in_s - age_s))
                for each in record.starting
            ),
            obtainable=record.obtainable,
            cold_start_s=record.cold_start_s,
            interactive_rate=record.interactive_rate,
        )

    @cached_property
    def tasks(self) -> int:
        """The tasks that run or start."""
        return self.running + sum(each.tasks for each in self.starting)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The wait of a job for its first task. It is infinite if no task will ever take the job.

    `missing` is the number of tasks that the work ahead needs and the pool cannot get.
    """

    seconds: float
    missing: int


def wait_in_interactive(outlook: Outlook, interactive_s: float) -> Wait:
    """The wait of a new job behind `interactive_s` of work, in seconds of one GPU.

    For a pool without tasks, one is launched immediately.
    """
    launch_s = outlook.cold_start_s + (DECIDE_EVERY_S / 2 if outlook.tasks else 0.0)
    return _wait(outlook, interactive_s, launch_s, reserved=0.0)


def wait_in_bulk(outlook: Outlook, interactive_s: float, bulk_s: float) -> Wait:
    """The wait of a new job behind the work of both lanes, in seconds of one GPU.

    Tasks take interactive work first, so the interactive work that arrives meanwhile is done before the job, too.
    """
    launch_s = outlook.cold_start_s + DECIDE_EVERY_S / 2
    return _wait(outlook, interactive_s + bulk_s, launch_s, reserved=outlook.interactive_rate)


def is_admitted(wait: Wait, admitted_wait_s: float) -> bool:
    """Whether a job of the interactive lane is accepted.

    While the pool can get the tasks that its work needs, every job is accepted, because its wait ends with their start.
    Otherwise, a job is accepted if its wait is at most `admitted_wait_s`, which depends on the maker's plan: as the
    wait grows, plans with a small limit are refused first.
    """
    if wait.seconds == inf:
        return False
    return not wait.missing or wait.seconds <= admitted_wait_s


def _wait(outlook: Outlook, work_s: float, launch_s: float, *, reserved: float) -> Wait:
    needed = _count_needed(outlook, work_s)
    added = min(needed, outlook.obtainable)
    later = [(each.ready_in_s, each.tasks) for each in outlook.starting]
    if added:
        later.append((launch_s, added))
    later.sort()
    return Wait(seconds=_time_to_do(work_s, outlook.running, later, reserved), missing=needed - added)


def _count_needed(outlook: Outlook, work_s: float) -> int:
    """How many further tasks the pool needs.

    Work that waits for more than LATE_S is late. As the fleet policy does, a task is counted for each `cold_start_s` of
    late work, in addition to those for the arrivals.
    """
    late_s = max(0.0, work_s - outlook.running * LATE_S)
    desired = max(outlook.running, ceil(outlook.interactive_rate)) + ceil(late_s / outlook.cold_start_s)
    return max(0 if outlook.tasks else 1, desired - outlook.tasks)


def _time_to_do(work_s: float, running: int, later: Iterable[tuple[float, int]], reserved: float) -> float:
    """The seconds until the tasks have done the work, and at least one of them is ready, or infinity.

    `later` has the seconds until further tasks are ready, and their number, in order. `reserved` tasks, or a part of
    one, do other work.
    """
    at_s, free, left_s = 0.0, running - reserved, work_s
    for ready_in_s, tasks in later:
        if free > 0:
            if left_s <= free * (ready_in_s - at_s):
                break
            left_s -= free * (ready_in_s - at_s)
        at_s, free = ready_in_s, free + tasks
    return at_s + left_s / free if free > 0 else inf
