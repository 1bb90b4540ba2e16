"""How much work waits for a GPU, by the queues' own count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

FRESH_S = 2.0


@dataclass(kw_only=True)
class QueueBacklog:
    """Messages in the intake queue and the GPU queue, each about a batch; counted at most once in FRESH_S seconds."""

    client: SQSClient
    urls: Sequence[str]
    clock: Callable[[], float] = time.monotonic
    _counted: tuple[float, int] | None = field(default=None, init=False)

    def batches(self) -> int:
        now = self.clock()
        if self._counted is None or now - self._counted[0] > FRESH_S:
            self._counted = now, sum(self._messages(url) for url in self.urls)
        return self._counted[1]

    def _messages(self, url: str) -> int:
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])
