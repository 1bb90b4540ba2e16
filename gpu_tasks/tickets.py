"""The two ways a batch reaches a worker: through the GPU queue, or in the environment of a launched task."""

from dataclasses import dataclass

from craftspark.aws.callbacks import Callback
from craftspark.aws.gpu_queue import GpuQueue
from craftspark.batches import Batch, BatchResult
from craftspark.errors import CraftsparkError, RenderFailed


@dataclass(frozen=True, kw_only=True)
class QueueTicket:
    """A message of the GPU queue, hidden from other workers while it is held."""

    batch: Batch
    callback: Callback
    queue: GpuQueue
    receipt: str
    receives: int
    max_receives: int

    @property
    def suspect(self) -> bool:
        return self.receives > 1

    def hold(self) -> None:
        self.queue.hide(self.receipt)
        self.callback.heartbeat()

    def succeed(self, result: BatchResult) -> None:
        self.callback.succeed(result)
        self.queue.delete(self.receipt)

    def fail(self, error: CraftsparkError) -> None:
        self.callback.fail(error)
        self.queue.delete(self.receipt)

    def retry(self, error: Exception) -> None:
        # The message that came for the last time goes to the dead-letter queue for an operator to see, and the job
        # does not wait for one.
        if self.receives >= self.max_receives:
            self.callback.fail(RenderFailed(f"{type(error).__name__}: {error}"))
        self.queue.hide(self.receipt, seconds=0)


@dataclass(frozen=True, kw_only=True)
class LaunchTicket:
    """The one batch that this task was launched for; the state machine tries again elsewhere."""

    batch: Batch
    callback: Callback
    suspect: bool = False  # there is nothing beside it that it could harm

    def hold(self) -> None:
        self.callback.heartbeat()

    def succeed(self, result: BatchResult) -> None:
        self.callback.succeed(result)

    def fail(self, error: CraftsparkError) -> None:
        self.callback.fail(error)

    def retry(self, error: Exception) -> None:
        self.callback.fail(RenderFailed(f"{type(error).__name__}: {error}"))
