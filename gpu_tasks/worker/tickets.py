"""The two ways a batch reaches a worker: through the GPU queue, or in the environment of a launched task."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from craftspark.aws.orchestration.callbacks import Callback
from craftspark.aws.orchestration.gpu_queue import GpuQueue
from craftspark.errors import CraftsparkError, RenderFailed
from craftspark.jobs.batches import Batch, BatchResult
from gpu_tasks.worker.answers import Answers


@dataclass(frozen=True, kw_only=True)
class QueueTicket:
    """A message of the GPU queue, hidden from other workers while it is held."""

    batch: Batch
    callback: Callback
    queue: GpuQueue
    answers: Answers
    receipt: str
    receives: int
    max_receives: int

    @property
    def suspect(self) -> bool:
        return self.receives > 1

    def hold(self) -> None:
        try:
            self.queue.hide(self.receipt)
        finally:
            self.callback.heartbeat()

    def succeed(self, result: BatchResult) -> None:
        self._answer(partial(self.callback.succeed, result), partial(self.queue.delete, self.receipt))

    def fail(self, error: CraftsparkError) -> None:
        self._answer(partial(self.callback.fail, error), partial(self.queue.delete, self.receipt))

    def retry(self, error: Exception) -> None:
        back = partial(self.queue.hide, self.receipt, seconds=0)
        # The message that came for the last time goes to the dead-letter queue for an operator to see, and the job
        # does not wait for one.
        if self.receives >= self.max_receives:
            self._answer(partial(self.callback.fail, RenderFailed(f"{type(error).__name__}: {error}")), back)
        else:
            self._answer(back)

    def _answer(self, *calls: Callable[[], object]) -> None:
        self.answers.send(self.batch.job_id, *calls)


@dataclass(frozen=True, kw_only=True)
class LaunchTicket:
    """The one batch that this task was launched for; the state machine tries again elsewhere."""

    batch: Batch
    callback: Callback
    answers: Answers
    suspect: bool = False  # there is nothing beside it that it could harm

    def is_awaited(self) -> bool:
        """Whether the state machine still waits for this task: it may have been launched too late."""
        return self.callback.heartbeat()

    def hold(self) -> None:
        self.callback.heartbeat()

    def succeed(self, result: BatchResult) -> None:
        self.answers.send(self.batch.job_id, partial(self.callback.succeed, result))

    def fail(self, error: CraftsparkError) -> None:
        self.answers.send(self.batch.job_id, partial(self.callback.fail, error))

    def retry(self, error: Exception) -> None:
        """By its name, where the error has one: the state machine then launches another task."""
        self.fail(error if isinstance(error, CraftsparkError) else RenderFailed(f"{type(error).__name__}: {error}"))
