"""A Lambda that raises fails by the name of what it raised.

Gap: every failure is called Runtime.HandlerError, so no Retry or Catch of a state machine can tell one from another,
and neither can an operator. On AWS the name is the exception's class.
"""

import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local_cloud.emulator.patching import Patch, Target

UNNAMED = "Runtime.HandlerError"

# Runs in the Lambda's process before the emulator's own script; completes its answers while the exception is at hand.
PRELUDE = """
import json, sys

class _NamedFailures:
    def __init__(self, stream):
        self.stream = stream

    def write(self, line):
        raised = sys.exc_info()[0]
        if raised is not None and '"status": "error"' in line:
            line = json.dumps(json.loads(line) | {"raised": raised.__name__}) + chr(10)
        return self.stream.write(line)

    def flush(self):
        self.stream.flush()

sys.stdout = _NamedFailures(sys.stdout)
"""

_failure = threading.local()
_invoke = lambda_runtime.Worker.invoke
_dispatch = lambda_svc._execute_function_dispatch


def invoke(worker: Any, *args: Any, **kwargs: Any) -> Any:
    """Keep the name for this thread's `dispatch`, whose own part of the emulator drops it."""
    response = _invoke(worker, *args, **kwargs)
    _failure.raised = response.get("raised")
    return response


def dispatch(*args: Any) -> Any:
    _failure.raised = None
    result = _dispatch(*args)
    body = result.get("body") if result.get("error") else None
    if _failure.raised and isinstance(body, dict) and body.get("errorType") == UNNAMED:
        body["errorType"] = _failure.raised
    return result


def apply() -> None:
    lambda_runtime._PYTHON_WORKER_SCRIPT = PRELUDE + lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_runtime.Worker.invoke = invoke
    lambda_svc._execute_function_dispatch = dispatch


PATCH = Patch(
    name="Lambda errors",
    gap="a failed invocation does not say what was raised",
    targets=(
        Target(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "200a2c7a20228fd18379881398fd4008"),
        Target(lambda_runtime.Worker, "invoke", "96751a75471021ecc05362bd28031305"),
        Target(lambda_svc, "_execute_function", "3ceb16d6480a2161601b152da88f1633"),
        Target(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3"),
        Target(lambda_svc, "_execute_function_warm", "62b9218bef5b948a23c3269d6fb7260f"),
    ),
    apply=apply,
)
