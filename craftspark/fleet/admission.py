"""Admission: how long a job waits for the tasks that its pool has and can get, and whether the job is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Self

from craftspark.fleet.observations import DECIDE_EVERY_S, LaneWork
from craftspark.fleet.policy.demand import Rate
from craftspark.fleet.policy.need import Need, backlog_ahead, interactive_need, with_bulk
from craftspark.fleet.supply import PoolSupply, StartingTasks

# The least work of a job, in seconds of one GPU.
LEAST_WORK_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The tasks of a pool from now on. Times are seconds from now.

    `running` tasks take work. The fleet's controller can add `obtainable` tasks to those that run or start. A task that
    is requested now takes work after `cold_start_s`. `interactive_rate` is the interactive work that arrives, in
    seconds of one GPU per second, or None if it is unknown. Bulk work should end `bulk_within_s` after its submission.
    """

    running: int
    starting: tuple[StartingTasks, ...] = ()
    obtainable: int
    cold_start_s: float
    interactive_rate: float | None = 0.0
    bulk_within_s: float = 1800.0

    @classmethod
    def of(cls, record: PoolSupply, now: float, *, seen: int = 0) -> Self:
        """The outlook at `now`, in seconds since the epoch. `seen` tasks have reported since the record."""
        age_s = max(0.0, now - record.at)
        return cls(
            running=max(record.running, seen),
            starting=tuple(
                StartingTasks(tasks=each.tasks, ready_in_s=max(0.0, each.ready_in_s - age_s))
                for each in record.starting
            ),
            obtainable=record.obtainable,
            cold_start_s=record.cold_start_s,
            interactive_rate=record.interactive_rate,
            bulk_within_s=record.bulk_within_s,
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
    need = Need(interactive=0) if _is_idle_soon(outlook, interactive_s) else _need(outlook, interactive_s)
    needed = _missing(outlook, need.interactive + need.late)
    launch_s = outlook.cold_start_s + (DECIDE_EVERY_S / 2 if outlook.tasks else 0.0)
    added = min(needed, outlook.obtainable)
    seconds = _time_to_do(interactive_s, outlook.running, _later(outlook, added, launch_s))
    return Wait(seconds=seconds, missing=needed - added)


def most_wait_in_interactive(outlook: Outlook, interactive_s: float) -> float:
    """The wait in seconds if the pool gets no more tasks, or infinity. It takes less time to compute."""
    return _time_to_do(interactive_s, outlook.running, _later(outlook, 0, 0.0))


def wait_in_bulk(outlook: Outlook, interactive_s: float, bulk_s: float) -> Wait:
    """The wait of a new job behind the work of both lanes, in seconds of one GPU.

    Tasks take interactive work first, so the interactive work that arrives meanwhile is done before the job, too. The
    tasks for late interactive work stop when that is done, and only those for bulk work stay.
    """
    rate = outlook.interactive_rate or 0.0
    # The job itself is bulk work, for which the policy adds a task if the interactive work takes all others.
    bulk = LaneWork(waiting_s=max(bulk_s, LEAST_WORK_S))
    need = with_bulk(_need(outlook, interactive_s), bulk, rate, outlook.bulk_within_s, outlook.cold_start_s)
    launch_s = outlook.cold_start_s + DECIDE_EVERY_S / 2
    most, least = (_missing(outlook, need.interactive + tasks) for tasks in (max(need.late, need.bulk), need.bulk))
    both, bulk_only = (_later(outlook, min(needed, outlook.obtainable), launch_s) for needed in (most, least))
    done_s = _time_to_do(interactive_s, outlook.running, both, reserved=rate) if interactive_s else 0.0
    seconds = _time_to_do(bulk_s, outlook.running, bulk_only, reserved=rate, now_s=done_s)
    return Wait(seconds=seconds, missing=max(0, most - outlook.obtainable))


def is_admitted(wait: Wait, admitted_wait_s: float) -> bool:
    """Whether a job of the interactive lane is accepted.

    While the pool can get the tasks that its work needs, every job is accepted, because its wait ends with their start.
    Otherwise, a job is accepted if its wait is at most `admitted_wait_s`, which depends on the maker's plan: as the
    wait grows, plans with a small limit are refused first.
    """
    if wait.seconds == inf:
        return False
    return not wait.missing or wait.seconds <= admitted_wait_s


def _is_idle_soon(outlook: Outlook, work_s: float) -> bool:
    """Whether the running tasks do the work before the next decision, and have time for all arrivals."""
    rate = outlook.running if outlook.interactive_rate is None else outlook.interactive_rate
    return rate <= outlook.running and work_s <= (outlook.running - rate) * DECIDE_EVERY_S


def _need(outlook: Outlook, work_s: float) -> Need:
    """What the fleet policy needs for the interactive work, if arrivals continue as they are.

    If these are unknown, they are taken to keep the running tasks busy.
    """
    rate = float(outlook.running) if outlook.interactive_rate is None else outlook.interactive_rate
    ready = [(each.ready_in_s, each.tasks) for each in outlook.starting]
    ahead_s = backlog_ahead(LaneWork(waiting_s=work_s), rate, rate, outlook.running, ready, outlook.cold_start_s)
    return interactive_need(Rate(now=rate, deviation=0.0), rate, ahead_s, outlook.cold_start_s)


def _missing(outlook: Outlook, desired: int) -> int:
    """How many tasks the pool has too few. It needs at least one."""
    return max(0 if outlook.tasks else 1, desired - outlook.tasks)


def _later(outlook: Outlook, added: int, launch_s: float) -> list[tuple[float, int]]:
    """When further tasks are ready, in seconds from now, and how many, in order."""
    later = [(each.ready_in_s, each.tasks) for each in outlook.starting]
    if added:
        later.append((launch_s, added))
    return sorted(later)


def _time_to_do(
    work_s: float, running: int, later: Iterable[tuple[float, int]], *, reserved: float = 0.0, now_s: float = 0.0
) -> float:
    """When the tasks have done the work, in seconds, and at least one of them is ready; infinity if that never is.

    They start at `now_s`. `reserved` tasks, or a part of one, do other work.
    """
    at_s, free, left_s = now_s, running - reserved, work_s
    for ready_in_s, tasks in later:
        ready_s = max(ready_in_s, now_s)
        if free > 0:
            if left_s <= free * (ready_s - at_s):
                break
            left_s -= free * (ready_s - at_s)
        at_s, free = ready_s, free + tasks
    return at_s + left_s / free if free > 0 else inf
