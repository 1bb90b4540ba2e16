"""Concurrent invocations of one function wait for a limited number of processes.

Gap: each concurrent invocation starts a process. On AWS, each also has its own processor. On a laptop, a burst causes
dozens of cold starts that compete for a few processors. The emulator's own limit rejects invocations as throttled.
"""

import contextlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ministack.services import lambda_svc

from local_cloud.emulator.patching import Patch, Replacement, Target

MAX_PROCESSES = max(2, os.cpu_count() or 1)
# After this time, an invocation starts one more process, so a function that invokes itself does not deadlock.
WAIT_TIMEOUT_S = 5.0

_execute = lambda_svc._execute_function_warm
_slots: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(MAX_PROCESSES))


def execute(function: dict[str, Any], event: Any, request_id: str) -> Any:
    config = function.get("config") or function
    with _slot(config.get("FunctionArn", "")):
        return _execute(function, event, request_id)


@contextlib.contextmanager
def _slot(function: str) -> Iterator[None]:
    slots = _slots[function]
    acquired = slots.acquire(timeout=WAIT_TIMEOUT_S)
    try:
        yield
    finally:
        if acquired:
            slots.release()


PATCH = Patch(
    name="Lambda concurrency",
    gap="a burst of invocations starts a process for each",
    targets=(
        Replacement(lambda_svc, "_execute_function_warm", "62b9218bef5b948a23c3269d6fb7260f", execute),
        Target(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3"),
        Target(lambda_svc, "acquire_worker", "5017d144adb5b983050914401f482f2a"),
    ),
)
