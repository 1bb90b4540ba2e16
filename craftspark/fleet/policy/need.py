"""How many tasks the work of a pool needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt

from craftspark.fleet.observations import DECIDE_EVERY_S, LaneWork
from craftspark.fleet.policy.demand import Rate

# Room for chance, in standard deviations of a minute's rate, with a cold start of two minutes. A longer one needs more:
# chance adds up until further tasks are ready.
SLACK = 0.35
# Work that still waits when new tasks are ready should be done in this time, after a cold start of two minutes. After a
# longer one, more jobs are late already. Seconds.
CATCH_UP_S = 60.0
TWO_MINUTES_S = 120.0
# This much waiting is no reason for more tasks: a job starts in time with a wait of up to a minute. Seconds.
USUAL_WAIT_S = 30.0
# Bulk work ends this much before its time is over. Seconds.
BULK_RESERVE_S = 300.0

# A sum of shares that is above a whole number only by the last digits needs no further task.
ROUNDING = 1e-6

Ready = Sequence[tuple[float, int]]


@dataclass(frozen=True, kw_only=True)
class Need:
    """The tasks that a pool needs after a cold start: for interactive arrivals, for late work, and only for bulk work.

    Bulk work is urgent if its time ends before a spot task that fails now can be replaced. `lasts` says whether tasks
    that are not needed for a moment are likely to be needed again.
    """

    interactive: int
    late: int = 0
    bulk: int = 0
    is_bulk_urgent: bool = False
    lasts: bool = True
    reason: str = ""


def backlog_ahead(lane: LaneWork, rate: float, ahead: float, running: int, ready: Ready, cold_start_s: float) -> float:
    """The work that will wait after a cold start, in seconds, if no more tasks are requested now.

    The rate goes from `rate` to `ahead` in this time. Tasks that start help as soon as they are ready.
    """
    backlog, now = lane.waiting_s, 0.0
    while now < cold_start_s:
        step = min(float(DECIDE_EVERY_S), cold_start_s - now)
        middle = now + step / 2
        arriving = rate + (ahead - rate) * middle / cold_start_s
        tasks = running + sum(count for ready_in, count in ready if ready_in <= middle)
        backlog = max(0.0, backlog + (arriving - tasks) * step)
        now += step
    return backlog


def interactive_need(rate: Rate, ahead: float, backlog: float, cold_start_s: float) -> Need:
    """The tasks for the interactive lane: for the rate after a cold start, for chance, and for what will wait then."""
    slack = SLACK * rate.deviation * sqrt(cold_start_s / TWO_MINUTES_S)
    catch_up_s = CATCH_UP_S * min(1.0, sqrt(TWO_MINUTES_S / cold_start_s))
    late = max(0.0, backlog - USUAL_WAIT_S * ahead) / catch_up_s
    reason = f"{ahead:.1f} tasks for arrivals, {slack:.1f} for chance, {late:.1f} for late work"
    base = ceil(ahead + slack - ROUNDING)
    return Need(interactive=base, late=max(0, ceil(ahead + slack + late - ROUNDING) - base), reason=reason)


def erratic_need(rate: Rate, waiting_s: float, cold_start_s: float) -> Need:
    """The tasks for erratic arrivals: for the mean of the last minutes, and for what waits now.

    Room for chance would mostly be idle here, and so would tasks that stay for the work of the last minutes.
    """
    late = waiting_s / cold_start_s
    reason = f"{rate.now:.1f} tasks for erratic arrivals, {late:.1f} for waiting work"
    base = ceil(rate.now - ROUNDING)
    return Need(interactive=base, late=ceil(rate.now + late - ROUNDING) - base, lasts=False, reason=reason)


def with_bulk(need: Need, bulk: LaneWork, rate: float, within_s: float, cold_start_s: float) -> Need:
    """Add tasks for bulk work, which uses the room of the interactive lane first.

    The oldest bulk work sets the pace, so a steady flow of it waits for half of its time.
    """
    work = bulk.waiting_s + bulk.in_progress_s
    if work <= 0:
        return need
    left = within_s - BULK_RESERVE_S - bulk.oldest_s
    tasks = max(1, ceil(rate + work / max(left, cold_start_s) - ROUNDING))
    return replace(
        need,
        bulk=max(0, tasks - need.interactive),
        is_bulk_urgent=left < 2 * cold_start_s,
        reason=f"{need.reason}, {max(0, tasks - need.interactive)} for bulk work",
    )
