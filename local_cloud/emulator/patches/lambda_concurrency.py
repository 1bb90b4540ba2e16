"""Invocations of one function queue for as many processes as the machine has use for.

Gap: each concurrent invocation gets a process of its own, as on AWS, where it comes with a processor of its own. Here
a burst becomes dozens of cold starts that fight for a laptop's processors; the emulator's own ceiling throttles.
"""

import contextlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ministack.services import lambda_svc

from local_cloud.emulator.patching import Patch, Target

PROCESSES = max(2, os.cpu_count() or 1)
# A function that waits for itself would wait for ever: whoever waited this long goes first, in one more process.
PATIENCE_S = 5.0

_execute = lambda_svc._execute_function_warm
_places: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(PROCESSES))


def execute(function: dict[str, Any], event: Any, request_id: str) -> Any:
    config = function.get("config") or function
    with _place(config.get("FunctionArn", "")):
        return _execute(function, event, request_id)


@contextlib.contextmanager
def _place(function: str) -> Iterator[None]:
    place = _places[function]
    held = place.acquire(timeout=PATIENCE_S)
    try:
        yield
    finally:
        if held:
            place.release()


def apply() -> None:
    lambda_svc._execute_function_warm = execute


PATCH = Patch(
    name="Lambda concurrency",
    gap="a burst of invocations starts a process for each",
    targets=(
        Target(lambda_svc, "_execute_function_warm", "62b9218bef5b948a23c3269d6fb7260f"),
        Target(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3"),
        Target(lambda_svc, "acquire_worker", "5017d144adb5b983050914401f482f2a"),
    ),
    apply=apply,
)
