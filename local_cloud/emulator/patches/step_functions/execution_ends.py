"""Executions that time out or are stopped. Each ends after a year, and with it the tokens of its tasks.

Gap: the emulator ignores the TimeoutSeconds of a state machine. After StopExecution, the tasks of the execution
continue to wait, its states continue to run, and a later failure changes its status from ABORTED to FAILED.
"""

import contextvars
import json
from functools import partial
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local_cloud.emulator.deadlines import Deadlines
from local_cloud.emulator.patches.step_functions.task_callbacks import current_execution, fail_waiting_tasks
from local_cloud.emulator.patching import Patch, Replacement, Target

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions
MAX_S = 365 * 24 * 3600.0

_deadlines = Deadlines()
_run_execution = stepfunctions._run_execution
_fail_execution = stepfunctions._fail_execution
_stop_execution = stepfunctions._stop_execution


def run_execution(arn: str) -> None:
    """Run the execution, and end it after the TimeoutSeconds of its state machine."""
    execution = stepfunctions._executions[arn]
    current_execution.set(execution)
    timeout = timeout_s(execution)
    context = contextvars.copy_context()  # has the account and region, which the call needs
    cancel = _deadlines.add(timeout, partial(context.run, time_out, execution))
    try:
        _run_execution(arn)
    finally:
        cancel()


def time_out(execution: dict[str, Any]) -> None:
    """End a running execution as TIMED_OUT, with its event."""
    if execution["status"] != "RUNNING":
        return
    execution.update(status="TIMED_OUT", stopDate=now_iso(), error="States.Timeout")
    stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
    stepfunctions._emit_execution_status_event(execution)
    fail_waiting_tasks(execution)


def fail_execution(execution: dict[str, Any], error: str, cause: str) -> None:
    """Fail the execution, unless it has ended."""
    if execution["status"] == "RUNNING":
        _fail_execution(execution, error, cause)


def stop_execution(data: dict[str, Any]) -> Any:
    response = _stop_execution(data)
    execution = stepfunctions._executions.get(data.get("executionArn"))
    if execution and execution["status"] == "ABORTED":
        fail_waiting_tasks(execution)
    return response


def timeout_s(execution: dict[str, Any]) -> float:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
    try:
        seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
    except ValueError:
        return MAX_S  # the run reports the invalid definition
    return min(MAX_S, float(seconds or MAX_S))


PATCH = Patch(
    name="execution ends",
    gap="TimeoutSeconds and StopExecution do not end the running tasks and states of an execution",
    targets=(
        Target(stepfunctions, "_start_execution", "9923282fc76c57b9d2541cc83863bfb6"),
        Replacement(stepfunctions, "_run_execution", "996dff84e0e0605ae3ffb450d0dfa0ad", run_execution),
        Replacement(stepfunctions, "_fail_execution", "e6da895fa0b74cddd3335ba9ff536245", fail_execution),
        Replacement(stepfunctions, "_stop_execution", "44d2d84ccd5c9702368e7b6e0382b330", stop_execution),
        Target(stepfunctions, "_emit_execution_status_event", "9c89e45693e353eb9d427665ea17e988"),
    ),
)
