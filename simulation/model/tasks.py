"""Tasks, and the number of them that a service keeps."""

from collections.abc import Sequence

from simulation.model.queues import Batch

STARTING, IDLE, BUSY, ENDED = range(4)
SPOT, ON_DEMAND = 0, 1


class Task:
    """A GPU task and its instance. `epoch` counts its changes, so that an outdated event is recognized.

    `requested`, `launched` and `ended` are times; the task is paid from `launched` on. `zone` is the number of
    its spot market.
    """

    __slots__ = (
        "batch",
        "draining",
        "end",
        "ended",
        "epoch",
        "held",
        "idle_since",
        "launched",
        "pool",
        "requested",
        "started",
        "state",
        "type",
        "zone",
    )

    def __init__(self, pool: str, type_: int, zone: int | None, requested: float, launched: float) -> None:
        self.pool, self.type, self.zone = pool, type_, zone
        self.requested, self.launched, self.ended = requested, launched, -1.0
        self.state = STARTING
        self.batch: Batch | None = None
        self.held: Batch | None = None  # a bulk batch that continues after interactive work
        self.started = self.end = self.idle_since = 0.0  # of the batch, and of the time without one
        self.draining = False
        self.epoch = 0


class Service:
    """The tasks of one capacity type of a pool, and the desired number."""

    def __init__(self, pool: str, type_: int, desired: int) -> None:
        self.pool, self.type, self.desired = pool, type_, desired
        self.tasks: dict[Task, None] = {}  # those that have not ended, in the order of their requests
        self.draining = 0

    @property
    def active(self) -> int:
        """The tasks that count towards the desired number."""
        return len(self.tasks) - self.draining

    def find_unneeded(self, now: float, unprotect_s: float) -> Sequence[Task]:
        """Tasks that may stop: those that start, the last first, then those that have been idle for long enough."""
        surplus = self.active - self.desired
        if surplus <= 0:
            return ()
        free = [task for task in reversed(self.tasks) if task.state == STARTING]
        if len(free) < surplus:
            idle = (task for task in self.tasks if task.state == IDLE and task.idle_since <= now - unprotect_s)
            free += sorted(idle, key=lambda task: task.idle_since)
        return free[:surplus]
