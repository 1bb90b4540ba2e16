"""Concurrent invocations of one function wait for a limited number of processes.

Gap: each concurrent invocation starts a process. On AWS, each also has its own processor. On a laptop, a burst causes
dozens of cold starts that compete for a few processors. The emulator's own limit rejects invocations as throttled.
"""

import contextlib
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from ministack.services import lambda_svc

from local_cloud.emulator.patching import Patch, Replacement, Target

MAX_PROCESSES = max(2, os.cpu_count() or 1)
# After this time without a free process, one invocation of a function starts one more, so a function that invokes
# itself does not deadlock. The next one waits as long again: on a machine that is too slow, all of them together would
# make it slower.
WAIT_TIMEOUT_S = 5.0


class Slots:
    """The processes that one function may have at the same time."""

    def __init__(self, number: int = MAX_PROCESSES, clock: Callable[[], float] = time.monotonic) -> None:
        self._number, self._clock = number, clock
        self._taken = 0
        self._changed_at = clock()  # when a process became free, or one more was started
        self._condition = threading.Condition()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        with self._condition:
            while self._taken >= self._number:
                left = self._changed_at + WAIT_TIMEOUT_S - self._clock()
                if left <= 0:
                    self._changed_at = self._clock()
                    break
                self._condition.wait(left)
            self._taken += 1
        try:
            yield
        finally:
            with self._condition:
                self._taken -= 1
                self._changed_at = self._clock()
                self._condition.notify()


_execute = lambda_svc._execute_function_warm
_slots: defaultdict[str, Slots] = defaultdict(Slots)


def execute(function: dict[str, Any], event: Any, request_id: str) -> Any:
    config = function.get("config") or function
    with _slots[config.get("FunctionArn", "")].hold():
        return _execute(function, event, request_id)


PATCH = Patch(
    name="Lambda concurrency",
    gap="a burst of invocations starts a process for each",
    targets=(
        Replacement(lambda_svc, "_execute_function_warm", "62b9218bef5b948a23c3269d6fb7260f", execute),
        Target(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3"),
        Target(lambda_svc, "acquire_worker", "5017d144adb5b983050914401f482f2a"),
    ),
)
