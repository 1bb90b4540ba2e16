"""The tasks of one capacity type that start: when they were requested, and when they take work."""

from dataclasses import replace

from craftspark.fleet.decisions import TypeMemory
from craftspark.fleet.observations import Tasks

# A start that takes longer than this many cold starts waits for capacity: nothing says when it comes.
OVERDUE = 1.25
# A start that is late but not overdue is expected so soon. Seconds.
SOON_S = 10.0

Starts = tuple[tuple[float, int], ...]


def follow(memory: TypeMemory, tasks: Tasks, at: float, since_s: float) -> TypeMemory:
    """Find out which of the starting tasks are new. The oldest ones are ready first.

    An observation has the number of starting tasks and the age of the oldest one. So the other ages follow from the
    previous observation.
    """
    present = tasks.running + tasks.starting
    grown = min(tasks.starting, max(0, present - memory.present))
    known = _newest(memory.starts, tasks.starting - grown)
    new = tasks.starting - sum(count for _, count in known)
    starts = (*known, (at - min(since_s, tasks.oldest_start_s), new)) if new else known
    if tasks.oldest_start_s > 0:
        starts = tuple((max(requested, at - tasks.oldest_start_s), count) for requested, count in starts)
    return replace(memory, starts=starts, present=present)


def _newest(starts: Starts, count: int) -> Starts:
    kept: list[tuple[float, int]] = []
    for requested, tasks in reversed(starts):
        if count <= 0:
            break
        kept.append((requested, min(tasks, count)))
        count -= tasks
    return tuple(reversed(kept))


def overdue(memory: TypeMemory, at: float, cold_start_s: float) -> int:
    """How many tasks start for so long that they wait for capacity."""
    return sum(count for requested, count in memory.starts if at - requested > OVERDUE * cold_start_s)


def ready_in(memory: TypeMemory, at: float, cold_start_s: float) -> tuple[tuple[float, int], ...]:
    """The seconds until the tasks take work that are not overdue, and their number."""
    return tuple(
        (max(SOON_S, cold_start_s - (at - requested)), count)
        for requested, count in memory.starts
        if at - requested <= OVERDUE * cold_start_s
    )
