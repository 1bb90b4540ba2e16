"""The error of a failed invocation has the class name of the exception, as on AWS.

Gap: every error is called Runtime.HandlerError, so the Retry and Catch fields of a state machine match no error, and
operators cannot distinguish failures.
"""

import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local_cloud.emulator.patching import Extension, Patch, Replacement, Target

GENERIC_ERROR = "Runtime.HandlerError"

# Runs in the Lambda's process before the emulator's script. Adds the exception's name to a response that reports it.
PRELUDE = """
import json, sys

class _ErrorNames:
    def __init__(self, stream):
        self.stream = stream

    def write(self, line):
        raised = sys.exc_info()[0]
        if raised is not None and '"status": "error"' in line:
            line = json.dumps(json.loads(line) | {"raised": raised.__name__}) + chr(10)
        return self.stream.write(line)

    def flush(self):
        self.stream.flush()

sys.stdout = _ErrorNames(sys.stdout)
"""

_current = threading.local()
_invoke = lambda_runtime.Worker.invoke
_dispatch = lambda_svc._execute_function_dispatch


def invoke(worker: Any, *args: Any, **kwargs: Any) -> Any:
    """Store the error name for `dispatch` in the same thread, because the emulator does not pass it on."""
    response = _invoke(worker, *args, **kwargs)
    _current.error_name = response.get("raised")
    return response


def name_error(name: str) -> None:
    """Store the name of an error that the process could not report."""
    _current.error_name = name


def dispatch(*args: Any) -> Any:
    _current.error_name = None
    result = _dispatch(*args)
    body = result.get("body") if result.get("error") else None
    if _current.error_name and isinstance(body, dict) and body.get("errorType") == GENERIC_ERROR:
        body["errorType"] = _current.error_name
    return result


def extend_script(script: str) -> str:
    return PRELUDE + script


PATCH = Patch(
    name="Lambda errors",
    gap="a failed invocation does not have the name of the exception",
    targets=(
        Extension(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "200a2c7a20228fd18379881398fd4008", extend_script),
        Replacement(lambda_runtime.Worker, "invoke", "96751a75471021ecc05362bd28031305", invoke),
        Target(lambda_svc, "_execute_function", "3ceb16d6480a2161601b152da88f1633"),
        Replacement(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3", dispatch),
        Target(lambda_svc, "_execute_function_warm", "62b9218bef5b948a23c3269d6fb7260f"),
    ),
)
