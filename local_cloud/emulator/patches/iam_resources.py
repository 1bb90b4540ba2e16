"""The resource that a request is checked on.

Gap: the emulator checks the answer of a task on `*`, so a role that may answer one state machine's tasks may answer
none. On AWS, the resource is the state machine of the task's token.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions

from local_cloud.emulator.patches.task_callbacks import machine_of
from local_cloud.emulator.patching import Patch, Replacement

_extract_resource_arn = iam_actions.extract_resource_arn


def extract_resource_arn(
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, *request: Any
) -> str:
    if service == "states" and headers.get("x-amz-target", "").partition(".")[2].startswith("SendTask"):
        return machine_of(json.loads(body).get("taskToken", "")) or "*"
    arn: str = _extract_resource_arn(service, method, path, headers, body, *request)
    return arn


PATCH = Patch(
    name="IAM resources",
    gap="a task is answered on no state machine",
    targets=(
        Replacement(iam_actions, "extract_resource_arn", "82f51700695c62fdca72583e1c264cc1", extract_resource_arn),
    ),
)
