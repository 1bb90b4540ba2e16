"""Tasks and the services that keep their number, as ECS does."""

from collections.abc import Iterable

from simulation.queues import Batch

STARTING, IDLE, BUSY, ENDED = range(4)
SPOT, ON_DEMAND = 0, 1
CAPACITY_TYPES = ("spot", "on_demand")


class Task:
    """A GPU task and its instance. `epoch` counts its changes, so that an outdated event is recognized."""

    __slots__ = (
        "batch",
        "draining",
        "end",
        "ended",
        "epoch",
        "held",
        "idle_since",
        "pool",
        "ready",
        "requested",
        "started",
        "state",
        "type",
        "zone",
    )

    def __init__(self, pool: str, type_: int, zone: int, requested: float, ready: float) -> None:
        self.pool, self.type, self.zone = pool, type_, zone
        self.requested, self.ready, self.ended = requested, ready, -1.0
        self.state = STARTING
        self.batch: Batch | None = None
        self.held: Batch | None = None  # a bulk batch that continues after interactive work
        self.started = self.end = self.idle_since = 0.0
        self.draining = False
        self.epoch = 0


class Service:
    """The tasks of one capacity type of a pool, and the number that is desired."""

    def __init__(self, pool: str, type_: int, desired: int) -> None:
        self.pool, self.type, self.desired = pool, type_, desired
        self.tasks: dict[Task, None] = {}  # that have not ended, in the order of their requests
        self.draining = 0

    @property
    def active(self) -> int:
        """The tasks that count towards the desired number."""
        return len(self.tasks) - self.draining

    def find_unneeded(self, now: float, unprotect_s: float) -> Iterable[Task]:
        """Tasks that may stop: those that start, the last first, then those that have been idle for long enough."""
        surplus = self.active - self.desired
        if surplus <= 0:
            return []
        free = [task for task in reversed(self.tasks) if task.state == STARTING and not task.draining]
        if len(free) < surplus:
            idle = (task for task in self.tasks if task.state == IDLE and task.idle_since <= now - unprotect_s)
            free += sorted(idle, key=lambda task: task.idle_since)
        return free[:surplus]
