"""StartExecution may be repeated while the execution runs, and its input has at most 256 KiB.

Gap: the emulator answers `ExecutionAlreadyExists` to a second start with the same name and input while the execution
runs. On AWS, the answer is the running execution, so a caller whose first answer was lost learns that it runs. The
emulator also takes an input of any size.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions

from local_cloud.emulator.patches.step_functions.state_payloads import MAX_BYTES
from local_cloud.emulator.patching import Extension, Patch, Target

EXISTS = "ExecutionAlreadyExists"
TOO_LARGE = (
    "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or "
    f"equal to {MAX_BYTES}"
)


def extend_start(start: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def start_or_find(data: dict[str, Any]) -> Any:
        given = data.get("input", "{}")
        if len(given.encode()) > MAX_BYTES:
            return error_response_json("ValidationException", TOO_LARGE, 400)
        status, headers, body = start(data)
        if status == 400 and json.loads(body).get("__type", "").endswith(EXISTS):
            execution = _find(data)
            if execution is not None and (execution["status"], execution["input"]) == ("RUNNING", given):
                return json_response({name: execution[name] for name in ("executionArn", "startDate")})
        return status, headers, body

    return start_or_find


def _find(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The execution of this machine with this name."""
    machine = str(stepfunctions._resolve_state_machine_arn(data["stateMachineArn"]))
    found: Mapping[str, Any] | None = stepfunctions._executions.get(
        f"{machine.replace(':stateMachine:', ':execution:')}:{data.get('name')}"
    )
    return found


PATCH = Patch(
    name="execution starts",
    gap="a repeated StartExecution is an error, and an input has any size",
    targets=(
        Extension(stepfunctions, "_start_execution", "9923282fc76c57b9d2541cc83863bfb6", extend_start),
        Target(stepfunctions, "_resolve_state_machine_arn", "e054a309ee54fa0f59e2eb0f05edc442"),
    ),
)
