"""Token buckets, by which AWS limits rates: a bucket is full at first, and refills at its rate up to its size."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

# Above this number of buckets, those that are full are forgotten: a new bucket is full, too.
MANY = 10_000


@dataclass
class Bucket:
    tokens: float
    at: float
    rate: float
    size: float

    def refill(self, now: float) -> None:
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.rate)
        self.at = now


class TokenBuckets:
    """Buckets by name, each with its rate in tokens per second and its size. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Hashable, Bucket] = {}

    def is_empty(self, name: Hashable, rate: float, size: float) -> bool:
        """Whether the bucket has less than one token."""
        with self._lock:
            return self._refilled(name, rate, size).tokens < 1

    def take(self, name: Hashable, amount: float, rate: float, size: float) -> float:
        """Take tokens, also if the bucket has less, and then it stays empty for longer. Returns the seconds until it
        would have had them.
        """
        with self._lock:
            bucket = self._refilled(name, rate, size)
            bucket.tokens -= amount
            return max(0.0, -bucket.tokens / rate)

    def try_take(self, name: Hashable, rate: float, size: float) -> bool:
        """Take one token, if there is one."""
        with self._lock:
            bucket = self._refilled(name, rate, size)
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True

    def __len__(self) -> int:
        return len(self._buckets)

    def _refilled(self, name: Hashable, rate: float, size: float) -> Bucket:
        now = self._clock()
        if len(self._buckets) > MANY:
            self._forget_full(now)
        bucket = self._buckets.setdefault(name, Bucket(size, now, rate, size))
        bucket.rate, bucket.size = rate, size
        bucket.refill(now)
        return bucket

    def _forget_full(self, now: float) -> None:
        for name, bucket in list(self._buckets.items()):
            bucket.refill(now)
            if bucket.tokens >= bucket.size:
                del self._buckets[name]
