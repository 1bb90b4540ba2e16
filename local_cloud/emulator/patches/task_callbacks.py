"""Tasks that wait for a callback: heartbeats, one token an attempt, one answer a token.

Gap: heartbeat timeouts are ignored; a retried task hands out the token of its failed attempt, so that a late worker
answers for the new one; a second answer overwrites the first; the timeouts of a JSONata state may be expressions and
are taken for numbers; a stopped execution leaves its tasks waiting. All as documented for SendTask*, HeartbeatSeconds
and StopExecution.
"""

import contextvars
import json
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response, new_uuid, now_iso
from ministack.services import stepfunctions

from local_cloud.emulator.patching import Patch, Target

CALLBACK = ".waitForTaskToken"
NO_TIMEOUT_S = 99_999_999.0

# The execution that this thread works for.
current_execution: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("execution", default=None)

_answering = threading.Lock()
_execute_task = stepfunctions._execute_task
_apply_jsonata_arguments = stepfunctions._apply_jsonata_arguments


def execute_task(state: dict[str, Any], raw_input: Any, execution: dict[str, Any], ctx: dict[str, Any]) -> Any:
    """The state with its timeouts evaluated."""
    timeouts = {
        name: stepfunctions._jsonata_state_field(state, name, "number", raw_input, ctx)
        for name in ("TimeoutSeconds", "HeartbeatSeconds")
        if isinstance(state.get(name), str)
    }
    return _execute_task(state | timeouts, raw_input, execution, ctx)


def apply_arguments(state: dict[str, Any], raw_input: Any, ctx: dict[str, Any] | None = None) -> Any:
    """Called once an attempt, before its token is read: each attempt gets a token of its own."""
    if ctx is not None and CALLBACK in state.get("Resource", ""):
        ctx["Task"] = {"Token": new_uuid()}
    return _apply_jsonata_arguments(state, raw_input, ctx)


def invoke_with_callback(resource: str, task_input: Any, token: str, state: dict[str, Any]) -> Any:
    """Make the call that carries the token, then wait for its answer; raises as the state's Retry and Catch expect."""
    execution = current_execution.get()
    if execution is not None and execution["status"] != "RUNNING":
        raise _ended()
    wait: dict[str, Any] = {
        "event": threading.Event(),
        "result": None,
        "error": None,
        "heartbeat": None,
        "beaten": time.monotonic(),
        "execution": execution["executionArn"] if execution else None,
    }
    stepfunctions._task_tokens[token] = wait
    try:
        stepfunctions._invoke_resource(resource.replace(CALLBACK, ""), task_input)
        if execution is not None:
            stepfunctions._add_event(execution, "TaskSubmitted", {"taskSubmittedEventDetails": {"resource": resource}})
        timed_out = _wait(wait, state)
    finally:
        with _answering:  # an answer that is being taken counts; the next one finds the token closed
            answered = wait["event"].is_set()
            stepfunctions._task_tokens.pop(token, None)
    if not answered:
        raise stepfunctions._ExecutionError(timed_out, f"no answer within the bound of {timed_out}")
    if error := wait["error"]:
        raise stepfunctions._ExecutionError(error["Error"], error["Cause"])
    return json.loads(wait["result"])


def _wait(wait: dict[str, Any], state: dict[str, Any]) -> str:
    """Block until there is an answer or a bound is over; answers the error name of the bound that ends first."""
    heartbeat_s = float(state.get("HeartbeatSeconds", NO_TIMEOUT_S))
    deadline = time.monotonic() + float(state.get("TimeoutSeconds", NO_TIMEOUT_S))
    while True:
        latest_beat = wait["beaten"] + heartbeat_s
        bound, name = min((deadline, "States.Timeout"), (latest_beat, "States.HeartbeatTimeout"))
        left = bound - time.monotonic()
        if left <= 0 or wait["event"].wait(left):
            return name


def release_waits(execution: dict[str, Any]) -> None:
    """End the waiting of an execution's tasks, once the execution has ended some other way."""
    with _answering:
        for wait in list(stepfunctions._task_tokens.values()):
            if wait.get("execution") == execution["executionArn"]:
                error = _ended()
                wait["error"] = {"Error": error.error, "Cause": error.cause}
                wait["event"].set()


def send_task_success(data: dict[str, Any]) -> Any:
    output = data.get("output", "")
    try:
        json.loads(output)
    except ValueError:
        return error_response_json("InvalidOutput", "Invalid Output: the output is not JSON", 400)
    return _answer(data, result=output)


def send_task_failure(data: dict[str, Any]) -> Any:
    return _answer(data, error={"Error": data.get("error") or "TaskFailed", "Cause": data.get("cause") or ""})


def send_task_heartbeat(data: dict[str, Any]) -> Any:
    return _answer(data, heartbeat=now_iso(), beaten=time.monotonic())


def _answer(data: dict[str, Any], **outcome: Any) -> Any:
    with _answering:
        wait = stepfunctions._task_tokens.get(data.get("taskToken"))
        if wait is None or wait["event"].is_set():
            return error_response_json("TaskTimedOut", "Task Timed Out: the task is closed or never was", 400)
        wait.update(outcome)
        if "heartbeat" not in outcome:
            wait["event"].set()
    return json_response({})


def _ended() -> Any:
    return stepfunctions._ExecutionError("States.TaskFailed", "the execution has ended")


def apply() -> None:
    stepfunctions._execute_task = execute_task
    stepfunctions._apply_jsonata_arguments = apply_arguments
    stepfunctions._invoke_with_callback = invoke_with_callback
    stepfunctions._send_task_success = send_task_success
    stepfunctions._send_task_failure = send_task_failure
    stepfunctions._send_task_heartbeat = send_task_heartbeat


PATCH = Patch(
    name="task callbacks",
    gap="no heartbeat timeouts, one token for all attempts, the last answer wins",
    targets=(
        Target(stepfunctions, "_execute_task", "53c818d247dba62c49b82c78ad185f18"),
        Target(stepfunctions, "_apply_jsonata_arguments", "c74f8b18dccd76778b1953ba04812692"),
        Target(stepfunctions, "_jsonata_state_field", "9bf62b72170e2ea4901780eeaa527fc7"),
        Target(stepfunctions, "_invoke_resource", "a85d2be9a8584ce0f8660e27ccc9e168"),
        Target(stepfunctions, "_invoke_activity", "1fc6dceff76d55fca41b628c25c20c20"),
        Target(stepfunctions, "_invoke_with_callback", "bbb38423156a0d3d46c6fe1929264005"),
        Target(stepfunctions, "_send_task_success", "12eff48bce57f5abe0fe41ea2e0dcbee"),
        Target(stepfunctions, "_send_task_failure", "c2a489b4ed330840a447d69aa1188355"),
        Target(stepfunctions, "_send_task_heartbeat", "56879a4655d159a255746e29496e73b0"),
        Target(stepfunctions, "handle_request", "efa6e8c4532a9e05de1d5c451ba16093"),
    ),
    apply=apply,
)
