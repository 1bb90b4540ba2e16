"""A replica of a table that lags behind its leader, for reads that are eventually consistent."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ministack.services import dynamodb

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
LAG_S = 1.0

_set_item = dynamodb._set_item
_remove_item = dynamodb._remove_item


@dataclass(frozen=True)
class Write:
    at: float
    partition: Any
    sort: Any
    old: Mapping[str, Any] | None


class Replicas:
    """The writes of the last second to each table. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._writes: defaultdict[str, deque[Write]] = defaultdict(deque)

    @contextmanager
    def writing(self, table: Mapping[str, Any], partition: Any, sort: Any) -> Iterator[None]:
        """Record the item as it is before the write in this block."""
        with self._lock:
            now, writes = self._clock(), self._writes[table["TableArn"]]
            while writes and writes[0].at < now - LAG_S:
                writes.popleft()
            writes.append(Write(now, partition, sort, _read(table, partition, sort)))
            yield

    @contextmanager
    def behind(self, table: Mapping[str, Any]) -> Iterator[None]:
        """Have the table as it was a second ago, for a read in this block. Nothing can be written meanwhile."""
        with self._lock:
            since = self._clock() - LAG_S
            late = [write for write in self._writes[table["TableArn"]] if write.at >= since]
            undone = []
            for write in reversed(late):
                undone.append((write, _read(table, write.partition, write.sort)))
                _restore(table, write.partition, write.sort, write.old)
            try:
                yield
            finally:
                for write, new in reversed(undone):
                    _restore(table, write.partition, write.sort, new)


def _read(table: Mapping[str, Any], partition: Any, sort: Any) -> Any:
    return table["items"].get(partition, {}).get(sort)


def _restore(table: Mapping[str, Any], partition: Any, sort: Any, item: Mapping[str, Any] | None) -> None:
    if item is None:
        _remove_item(table, partition, sort)
    else:
        _set_item(table, partition, sort, item)
