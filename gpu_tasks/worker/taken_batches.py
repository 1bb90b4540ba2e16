"""The batches that this worker has taken from queues, on record for the time after it is killed.

The first record says that the worker takes work: the fleet's controller counts on the task from then on. `settle_task`
reads the record when the task has stopped. It makes the messages visible that the worker still held.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger

from craftspark.fleet.interruptions.task_ends import TakenBatch
from gpu_tasks.worker.batch_handles import QueueHandle
from gpu_tasks.worker.claim import Claim

if TYPE_CHECKING:
    from gpu_tasks.worker.batch_sources import BatchSource

# The ECS agent's address for a container's questions about its task.
METADATA = "ECS_CONTAINER_METADATA_URI_V4"
AGENT_TIMEOUT_S = 5

logger = Logger(service="gpu_worker")


class TaskRecords(Protocol):
    """The open batches of all tasks."""

    def write(self, task: str, batches: Sequence[TakenBatch]) -> None:
        """Record all open batches of a task."""


def read_task_arn(environment: Mapping[str, str]) -> str | None:
    """The ARN of the ECS task that this process runs in, or None outside ECS. Raises OSError or ValueError."""
    if METADATA not in environment:
        return None
    with urllib.request.urlopen(f"{environment[METADATA]}/task", timeout=AGENT_TIMEOUT_S) as response:  # noqa: S310
        arn: str = json.load(response)["TaskARN"]
    return arn


class BatchRecorder:
    """Records the open batches in its own thread: none when the worker is ready, then once for each time that batches
    are taken, and at the end.

    No job depends on it: without a record, the messages become visible after the visibility timeout. So errors are only
    logged.
    """

    def __init__(self, *, read_task: Callable[[], str | None], records: TaskRecords) -> None:
        self._read_task = read_task
        self._records = records
        self._task: str | None = None
        self._claims: list[Claim] = []
        self._recorded: tuple[TakenBatch, ...] | None = ()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="taken-batches")

    def report_ready(self) -> None:
        """Record that the worker takes work, before it has any."""
        self._recorded = None
        self._thread.submit(self._record)

    def add(self, claims: Iterable[Claim]) -> None:
        """Record these claims, with those that are still open."""
        taken = [claim for claim in claims if isinstance(claim.handle, QueueHandle)]
        if not taken:
            return
        with self._lock:
            self._claims += taken
        self._thread.submit(self._record)

    def close(self) -> None:
        """Record what is still open, if that has changed, and wait for it."""
        self._thread.submit(self._record)
        self._thread.shutdown(wait=True)

    def _record(self) -> None:
        with self._lock:
            self._claims = [claim for claim in self._claims if claim.open]
            batches = tuple(batch for claim in self._claims for batch in _describe(claim))
        if batches == self._recorded:
            return
        try:
            self._task = self._task or self._read_task()
            if self._task:
                self._records.write(self._task, batches)
                self._recorded = batches
        except Exception:
            logger.exception("taken batches not recorded")


def _describe(claim: Claim) -> Iterable[TakenBatch]:
    if isinstance(claim.handle, QueueHandle):
        yield TakenBatch(queue_url=claim.handle.queue.url, receipt=claim.handle.receipt)


@dataclass(frozen=True, kw_only=True)
class RecordedSource:
    """A batch source whose claims are recorded."""

    source: BatchSource
    recorder: BatchRecorder

    def take(self, images: int, *, wait: bool = True, bulk: bool = True) -> list[Claim]:
        claims = self.source.take(images, wait=wait, bulk=bulk)
        self.recorder.add(claims)
        return claims
