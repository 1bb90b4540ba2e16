"""Tasks that wait for a callback have heartbeats, one token for each attempt and one result for each token.

Gap: the emulator ignores heartbeat timeouts. A retried task uses the token of its failed attempt again, so a late
worker can end the new attempt. A second result overwrites the first. The timeouts of a JSONata state may be
expressions, but are parsed as numbers. The tasks of a stopped execution continue to wait. With this patch, tasks behave
as documented for SendTask*, HeartbeatSeconds and StopExecution.
"""

import contextvars
import json
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions

from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.emulator.task_tokens import new_token

CALLBACK = ".waitForTaskToken"
NO_TIMEOUT_S = 99_999_999.0

# The execution that this thread runs.
current_execution: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("execution", default=None)

_waits_lock = threading.Lock()
_execute_task = stepfunctions._execute_task
_apply_jsonata_arguments = stepfunctions._apply_jsonata_arguments


def execute_task(state: dict[str, Any], raw_input: Any, execution: dict[str, Any], ctx: dict[str, Any]) -> Any:
    """Execute the state after evaluating its timeouts."""
    timeouts = {
        name: stepfunctions._jsonata_state_field(state, name, "number", raw_input, ctx)
        for name in ("TimeoutSeconds", "HeartbeatSeconds")
        if isinstance(state.get(name), str)
    }
    return _execute_task(state | timeouts, raw_input, execution, ctx)


def apply_arguments(state: dict[str, Any], raw_input: Any, ctx: dict[str, Any] | None = None) -> Any:
    """Create a new token for the attempt. The emulator calls this once for each attempt, before it reads the token."""
    if ctx is not None and CALLBACK in state.get("Resource", ""):
        execution = current_execution.get()
        ctx["Task"] = {"Token": new_token(execution["stateMachineArn"] if execution else "")}
    return _apply_jsonata_arguments(state, raw_input, ctx)


def invoke_with_callback(resource: str, task_input: Any, token: str, state: dict[str, Any]) -> Any:
    """Make the call with the token, then wait for the task's result; a failed task raises an execution error."""
    execution = current_execution.get()
    if execution is not None and execution["status"] != "RUNNING":
        raise _execution_ended()
    wait: dict[str, Any] = {
        "event": threading.Event(),
        "result": None,
        "error": None,
        "heartbeat": None,
        "last_heartbeat": time.monotonic(),
        "execution": execution["executionArn"] if execution else None,
    }
    stepfunctions._task_tokens[token] = wait
    try:
        stepfunctions._invoke_resource(resource.replace(CALLBACK, ""), task_input)
        if execution is not None:
            stepfunctions._add_event(execution, "TaskSubmitted", {"taskSubmittedEventDetails": {"resource": resource}})
        timeout_error = _wait_for_result(wait, state)
    finally:
        with _waits_lock:  # a result that is being stored counts; a later one gets TaskTimedOut
            has_result = wait["event"].is_set()
            stepfunctions._task_tokens.pop(token, None)
    if not has_result:
        raise stepfunctions._ExecutionError(timeout_error, "the task did not report within its timeout")
    if error := wait["error"]:
        raise stepfunctions._ExecutionError(error["Error"], error["Cause"])
    return json.loads(wait["result"])


def _wait_for_result(wait: dict[str, Any], state: dict[str, Any]) -> str:
    """Block until there is a result or the first timeout has passed; returns the error name of that timeout."""
    heartbeat_s = float(state.get("HeartbeatSeconds", NO_TIMEOUT_S))
    task_deadline = time.monotonic() + float(state.get("TimeoutSeconds", NO_TIMEOUT_S))
    while True:
        heartbeat_deadline = wait["last_heartbeat"] + heartbeat_s
        deadline, error = min((task_deadline, "States.Timeout"), (heartbeat_deadline, "States.HeartbeatTimeout"))
        left = deadline - time.monotonic()
        if left <= 0 or wait["event"].wait(left):
            return error


def fail_waiting_tasks(execution: dict[str, Any]) -> None:
    """Fail the waiting tasks of an execution that has timed out or was stopped."""
    with _waits_lock:
        for wait in list(stepfunctions._task_tokens.values()):
            if wait.get("execution") == execution["executionArn"]:
                error = _execution_ended()
                wait["error"] = {"Error": error.error, "Cause": error.cause}
                wait["event"].set()


def send_task_success(data: dict[str, Any]) -> Any:
    output = data.get("output", "")
    try:
        json.loads(output)
    except ValueError:
        return error_response_json("InvalidOutput", "Invalid Output: the output is not JSON", 400)
    return _store(data, result=output)


def send_task_failure(data: dict[str, Any]) -> Any:
    return _store(data, error={"Error": data.get("error") or "TaskFailed", "Cause": data.get("cause") or ""})


def send_task_heartbeat(data: dict[str, Any]) -> Any:
    return _store(data, heartbeat=now_iso(), last_heartbeat=time.monotonic())


def _store(data: dict[str, Any], **report: Any) -> Any:
    """Store a task's result, error or heartbeat; the response is TaskTimedOut if its token is not open."""
    with _waits_lock:
        wait = stepfunctions._task_tokens.get(data.get("taskToken"))
        if wait is None or wait["event"].is_set():
            return error_response_json("TaskTimedOut", "Task Timed Out: the task has ended or does not exist", 400)
        wait.update(report)
        if "heartbeat" not in report:
            wait["event"].set()
    return json_response({})


def _execution_ended() -> Any:
    return stepfunctions._ExecutionError("States.TaskFailed", "the execution has ended")


PATCH = Patch(
    name="task callbacks",
    gap="no heartbeat timeouts, one token for all attempts, a second result overwrites the first",
    targets=(
        Replacement(stepfunctions, "_execute_task", "53c818d247dba62c49b82c78ad185f18", execute_task),
        Replacement(stepfunctions, "_apply_jsonata_arguments", "c74f8b18dccd76778b1953ba04812692", apply_arguments),
        Target(stepfunctions, "_jsonata_state_field", "9bf62b72170e2ea4901780eeaa527fc7"),
        Target(stepfunctions, "_invoke_resource", "a85d2be9a8584ce0f8660e27ccc9e168"),
        Target(stepfunctions, "_invoke_activity", "1fc6dceff76d55fca41b628c25c20c20"),
        Replacement(stepfunctions, "_invoke_with_callback", "bbb38423156a0d3d46c6fe1929264005", invoke_with_callback),
        Replacement(stepfunctions, "_send_task_success", "12eff48bce57f5abe0fe41ea2e0dcbee", send_task_success),
        Replacement(stepfunctions, "_send_task_failure", "c2a489b4ed330840a447d69aa1188355", send_task_failure),
        Replacement(stepfunctions, "_send_task_heartbeat", "56879a4655d159a255746e29496e73b0", send_task_heartbeat),
        Target(stepfunctions, "handle_request", "efa6e8c4532a9e05de1d5c451ba16093"),
    ),
)
