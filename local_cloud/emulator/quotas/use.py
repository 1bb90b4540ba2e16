"""How much of each quota the calls to this emulator have used, for `GET /_local_cloud/quotas`.

It counts what an account would count, also the calls that `throttles` refuses.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local_cloud.emulator.serving.asgi import Application
from local_cloud.emulator.serving.json_answers import send_json
from local_cloud.quotas import QUOTAS, USE_PATH

# The service in the names of actions, by the prefix of the header `X-Amz-Target`.
TARGETS = {
    "AWSStepFunctions": "states",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AWSEvents": "events",
}
API = "/_aws/execute-api/"


class QuotaUse:
    """Counts calls by quota: all of them, and those of the busiest second. Threads may share it.

    Some quotas hold for each thing `of` a kind, such as a table: then the busiest one counts.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._quota_of = {call: quota.name for quota in QUOTAS for call in quota.calls}
        self._used: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._second: dict[tuple[str, str], tuple[int, float]] = {}
        self._held: Counter[str] = Counter()
        self._peak: defaultdict[str, float] = defaultdict(float)

    def count(self, call: str, amount: float = 1, *, of: str = "") -> None:
        """Count a call. Calls that no quota names are ignored."""
        quota = self._quota_of.get(call)
        if quota is None:
            return
        second = int(self._clock())
        with self._lock:
            self._used[quota][of] += amount
            at, before = self._second.get((quota, of), (second, 0.0))
            now = amount + (before if at == second else 0)
            self._second[quota, of] = second, now
            self._peak[quota] = max(self._peak[quota], now)

    @contextmanager
    def hold(self, call: str) -> Iterator[None]:
        """Hold a place of a level. Its use is the sum of the seconds."""
        quota, start = self._quota_of[call], self._clock()
        with self._lock:
            self._held[quota] += 1
            self._peak[quota] = max(self._peak[quota], self._held[quota])
        try:
            yield
        finally:
            with self._lock:
                self._held[quota] -= 1
                self._used[quota][""] += self._clock() - start

    def report(self) -> dict[str, dict[str, Any]]:
        """By the name of the quota: the sum of all use, that of each thing, and the most in a second or at the same
        time.
        """
        with self._lock:
            return {
                quota.name: {
                    "used": round(max(self._used[quota.name].values(), default=0), 3),
                    "peak": round(self._peak[quota.name], 3),
                    "of": dict(self._used[quota.name]),
                }
                for quota in QUOTAS
            }


USE = QuotaUse()


def with_quota_use(app: Application) -> Application:
    """The application, with its calls counted, and a path that reports them."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == USE_PATH:
            await send_json(send, 200, USE.report())
            return
        if call := find_call(scope):
            USE.count(call)
        await app(scope, receive, send)

    return serve


def find_call(scope: Any) -> str | None:
    """The action of a request, as quotas name it, or None for a request that no quota counts."""
    if scope["type"] == "websocket":
        return "execute-api:Connect"
    if scope["type"] != "http":
        return None
    if scope["path"].startswith(API):
        return "execute-api:Invoke"  # also for an update of a live connection
    for name, value in scope["headers"]:
        if name.lower() == b"x-amz-target":
            prefix, _, action = value.decode("latin-1").partition(".")
            return f"{TARGETS[prefix]}:{action}" if prefix in TARGETS else None
    return None
