"""Tasks that ended: why, and how their work continues."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from craftspark.errors import CraftsparkError, SpotInterrupted
from craftspark.errors.worker import AwsUnreachable, DeviceLost, WorkerBroken, WorkerLost


class ExitCode(IntEnum):
    """How a worker's process ends."""

    DONE = 0
    MODEL_MISSING = 2
    STALLED = 3
    UNREACHABLE = 4
    DEVICE_LOST = 5


# Codes of ECS for a task that was stopped from outside: its instance was taken back, or its service, a person or the
# notice of an interruption stopped it.
STOPPED_FROM_OUTSIDE: Final = frozenset(
    {"SpotInterruption", "TerminationNotice", "UserInitiated", "ServiceSchedulerInitiated"}
)
NOT_STARTED: Final = "TaskFailedToStart"
# The reason of a container that used more memory than it may. It would do so again.
OUT_OF_MEMORY: Final = "OutOfMemoryError"
# A process that a signal ended has the code 128 + the signal's number.
SIGNALLED: Final = 128


@dataclass(frozen=True, kw_only=True)
class TaskEnd:
    """A task of the cluster that has stopped. `stop_code` and `reason` are ECS's.

    `exit_code` is None if the container did not start, or if its instance is gone. `token` is the task token of a task
    that a state machine launched.
    """

    task: str
    stop_code: str
    reason: str
    exit_code: int | None
    container_reason: str = ""
    token: str | None = None


@dataclass(frozen=True, kw_only=True)
class TakenBatch:
    """A batch that a worker took from a queue: the queue's URL, and the receipt of the message."""

    queue_url: str
    receipt: str


class Tokens(Protocol):
    """The state machines that wait for tasks."""

    def fail(self, token: str, error: CraftsparkError) -> bool:
        """Fail the state that waits with the token. Returns False if none waits."""


class OpenBatches(Protocol):
    """The batches that each task has taken from queues."""

    def find(self, task: str) -> tuple[TakenBatch, ...]:
        """The batches of a task, answered or not, as it last recorded them."""

    def release(self, batch: TakenBatch) -> bool:
        """Let another worker take a batch immediately. Returns False if it was answered or is with another worker."""

    def forget(self, task: str) -> None:
        """Forget the batches of a task: other workers may have them now."""


@dataclass(frozen=True, kw_only=True)
class ReleasedWork:
    """The work of a task that is released. `error` is None if no state machine waited for the task."""

    error: CraftsparkError | None
    batches: int


def describe_end(end: TaskEnd) -> CraftsparkError:
    """Why the task ended without an answer. The retry class decides what the state machine does next."""
    detail = f"{end.stop_code or 'the task stopped'}: {end.container_reason or end.reason}"
    if end.stop_code in STOPPED_FROM_OUTSIDE:
        return SpotInterrupted(detail)
    if end.stop_code == NOT_STARTED:
        return WorkerBroken(detail)
    if end.exit_code is None:
        return WorkerLost(detail)
    detail = f"exit code {end.exit_code}: {end.container_reason or end.reason}"
    if end.container_reason.startswith(OUT_OF_MEMORY):
        return WorkerBroken(detail)
    if end.exit_code == ExitCode.UNREACHABLE:
        return AwsUnreachable(detail)
    if end.exit_code == ExitCode.DEVICE_LOST:
        return DeviceLost(detail)
    return WorkerLost(detail) if end.exit_code > SIGNALLED or end.exit_code == ExitCode.DONE else WorkerBroken(detail)


def release_work(end: TaskEnd, tokens: Tokens, batches: OpenBatches) -> ReleasedWork:
    """Give the work of a task that ended to other workers now, not after the timeouts that would notice its end.

    The first answer to a token counts, and a batch that was answered has no message. After the release, the batches are
    forgotten, so that an event that is delivered again takes no batch from the worker that has it now. So all of this
    is safe to repeat.
    """
    error = describe_end(end) if end.token else None
    failed = tokens.fail(end.token, error) if end.token and error else False
    taken = batches.find(end.task)
    released = _release_all(taken, batches)
    if taken:
        batches.forget(end.task)
    return ReleasedWork(error=error if failed else None, batches=released)


def _release_all(taken: Iterable[TakenBatch], batches: OpenBatches) -> int:
    return sum(batches.release(batch) for batch in taken)
