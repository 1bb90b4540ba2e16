"""Executions that end otherwise than by their last state: timed out or stopped.

Gap: the state machine's own TimeoutSeconds is ignored; StopExecution leaves the tasks of the execution waiting, lets
its states go on, and a failure that comes later turns ABORTED into FAILED.
"""

import contextvars
import json
import threading
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local_cloud.emulator.patches.task_callbacks import current_execution, release_waits
from local_cloud.emulator.patching import Patch, Target

_run_execution = stepfunctions._run_execution
_fail_execution = stepfunctions._fail_execution
_stop_execution = stepfunctions._stop_execution


def run_execution(arn: str) -> None:
    """Run the execution for no longer than its state machine's TimeoutSeconds."""
    execution = stepfunctions._executions[arn]
    current_execution.set(execution)
    timeout = _timeout_s(execution)
    if timeout is None:
        _run_execution(arn)
        return
    in_scope = contextvars.copy_context()  # the timer's thread must find the account and region of this one
    timer = threading.Timer(timeout, in_scope.run, (time_out, execution))
    timer.daemon = True
    timer.start()
    try:
        _run_execution(arn)
    finally:
        timer.cancel()


def time_out(execution: dict[str, Any]) -> None:
    """End a running execution as TIMED_OUT, with its event."""
    if execution["status"] != "RUNNING":
        return
    execution.update(status="TIMED_OUT", stopDate=now_iso(), error="States.Timeout")
    stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
    stepfunctions._emit_execution_status_event(execution)
    release_waits(execution)


def fail_execution(execution: dict[str, Any], error: str, cause: str) -> None:
    """An execution that has ended stays as it is."""
    if execution["status"] == "RUNNING":
        _fail_execution(execution, error, cause)


def stop_execution(data: dict[str, Any]) -> Any:
    response = _stop_execution(data)
    execution = stepfunctions._executions.get(data.get("executionArn"))
    if execution and execution["status"] == "ABORTED":
        release_waits(execution)
    return response


def _timeout_s(execution: dict[str, Any]) -> float | None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
    try:
        seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
    except ValueError:
        return None  # the run itself says what is wrong with the definition
    return None if seconds is None else float(seconds)


def apply() -> None:
    stepfunctions._run_execution = run_execution
    stepfunctions._fail_execution = fail_execution
    stepfunctions._stop_execution = stop_execution


PATCH = Patch(
    name="ends of executions",
    gap="a state machine's TimeoutSeconds and StopExecution do not end what is under way",
    targets=(
        Target(stepfunctions, "_start_execution", "9923282fc76c57b9d2541cc83863bfb6"),
        Target(stepfunctions, "_run_execution", "996dff84e0e0605ae3ffb450d0dfa0ad"),
        Target(stepfunctions, "_fail_execution", "e6da895fa0b74cddd3335ba9ff536245"),
        Target(stepfunctions, "_stop_execution", "44d2d84ccd5c9702368e7b6e0382b330"),
        Target(stepfunctions, "_emit_execution_status_event", "9c89e45693e353eb9d427665ea17e988"),
    ),
    apply=apply,
)
