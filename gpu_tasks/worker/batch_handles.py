"""Batch handles: how the worker extends, answers and returns a batch from the GPU queue or from a launch."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from craftspark.aws.orchestration.callbacks import Callback
from craftspark.aws.orchestration.gpu_queue import GpuQueue, MessageNotHeld
from craftspark.errors import CraftsparkError, RenderFailed
from craftspark.jobs.batches import Batch, BatchResult
from gpu_tasks.worker.answers import Answers


@dataclass(kw_only=True)
class QueueHandle:
    """A message of the GPU queue. It stays hidden from other workers while this worker extends it.

    It is hidden until the monotonic time `held_until` at least. `waited_s` is how long it was in the queue, in seconds.
    """

    batch: Batch
    callback: Callback
    queue: GpuQueue
    answers: Answers
    receipt: str
    receives: int
    max_receives: int
    waited_s: float
    held_until: float
    now: Callable[[], float] = time.monotonic
    lost: bool = field(default=False, init=False)
    _lapsed: bool = field(default=False, init=False)

    @property
    def suspect(self) -> bool:
        """Whether an earlier attempt ended without an answer."""
        return self.receives > 1

    @property
    def in_doubt(self) -> bool:
        """Whether the message was received before, was visible for a moment since, or waited for so long that the state
        machine may have launched a task for the batch.
        """
        self._lapsed = self._lapsed or self.now() > self.held_until
        return self.suspect or self._lapsed or self.waited_s > self.queue.visibility_s

    def extend(self) -> None:
        """Hide the message again and send a heartbeat to the state machine."""
        asked_at = self.now()
        try:
            self.queue.hide(self.receipt)
            self._lapsed = self._lapsed or asked_at > self.held_until
            self.held_until = asked_at + self.queue.visibility_s
        except MessageNotHeld:
            self.lost = True
            raise
        finally:
            self.callback.heartbeat()

    def succeed(self, result: BatchResult) -> None:
        """Answer with the stored and the failed images, and delete the message."""
        self._answer(partial(self.callback.succeed, result), partial(self.queue.delete, self.receipt))

    def fail(self, error: CraftsparkError) -> None:
        """Answer with the name of an error, and delete the message."""
        self._answer(partial(self.callback.fail, error), partial(self.queue.delete, self.receipt))

    def retry(self, error: Exception) -> None:
        """Return the message for another attempt, or answer RenderFailed after the last receive."""
        back = partial(self.queue.hide, self.receipt, seconds=0)
        # After the last receive, the message goes to the dead-letter queue for an operator. The job does not wait
        # for that.
        if self.receives >= self.max_receives:
            self._answer(partial(self.callback.fail, RenderFailed(f"{type(error).__name__}: {error}")), back)
        else:
            self._answer(back)

    def _answer(self, *calls: Callable[[], object]) -> None:
        self.answers.send(self.batch.job_id, *calls)


@dataclass(frozen=True, kw_only=True)
class LaunchHandle:
    """The batch that this task was launched for. After a failure, the state machine launches another task.

    `requested_at` is the time when the state machine requested this task.
    """

    batch: Batch
    callback: Callback
    answers: Answers
    requested_at: datetime
    suspect: bool = False  # the task has no other batch
    in_doubt: bool = True  # its message is still in the queue of the warm workers
    lost: bool = False

    def is_awaited(self) -> bool:
        """Return whether the state machine still waits for this task. It does not if the task started too late."""
        return self.callback.heartbeat()

    def extend(self) -> None:
        """Send a heartbeat to the state machine."""
        self.callback.heartbeat()

    def succeed(self, result: BatchResult) -> None:
        """Answer with the stored and the failed images."""
        self.answers.send(self.batch.job_id, partial(self.callback.succeed, result))

    def fail(self, error: CraftsparkError) -> None:
        """Answer with the name of an error."""
        self.answers.send(self.batch.job_id, partial(self.callback.fail, error))

    def retry(self, error: Exception) -> None:
        """Answer with the error's name, or with RenderFailed if it has none. The state machine then launches another
        task.
        """
        self.fail(error if isinstance(error, CraftsparkError) else RenderFailed(f"{type(error).__name__}: {error}"))
