"""A state that launches a task of ECS fails by AWS's names.

Gap: each refusal of RunTask is `ECS.RunTaskFailed`, which no Retry names, and a state that waits for a task which could
not be placed waits until its timeout.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.services import ecs, stepfunctions

from local_cloud.emulator.patching import Patch, Replacement, Target

RUN_TASK = "arn:aws:states:::ecs:runTask"
NOT_PLACED = "AmazonECS.Unknown"


def run_task(resource: str, task_input: Mapping[str, Any]) -> Any:
    """Launch for a state that waits for a token or does not wait. Raises an execution error."""
    request = stepfunctions._pascal_to_camel(task_input)
    status, _, body = ecs._run_task(request)
    answer = json.loads(body) if body else {}
    if status >= 400:
        name = str(answer.get("__type") or "AmazonECSException").rpartition("#")[2]
        raise stepfunctions._ExecutionError(f"ECS.{name}", answer.get("message", ""))
    if answer.get("failures"):
        raise stepfunctions._ExecutionError(NOT_PLACED, json.dumps(answer))
    return answer


PATCH = Patch(
    name="task launches",
    gap="a launch that ECS refuses has a name that AWS does not know",
    targets=(
        Replacement(stepfunctions._SERVICE_DISPATCH, RUN_TASK, "4b91ef4bd019d0ac51b8818b2397ecb9", run_task),
        Target(stepfunctions, "_pascal_to_camel", "20765f8d6cad2c617a93eb743ffc5af1"),
        Target(stepfunctions, "_invoke_with_callback", "bbb38423156a0d3d46c6fe1929264005"),
    ),
)
