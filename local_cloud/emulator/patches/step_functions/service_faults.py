"""A task of a state machine whose service is busy fails with AWS's error.

Gap: the calls of a state machine always work. On AWS, the service that a task calls can throttle it, or fail. The fault
is `throttle` of `lambda:InvokeFunction`, `sqs:SendMessage`, `events:PutEvents` or `ecs:RunTask`, for the function,
queue, bus or family with that name.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import stepfunctions

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patching import Extension, Patch
from local_cloud.emulator.quotas.throttled_answers import TASK_ERRORS, throttled_by

ACTIONS: Mapping[str, str] = {
    "ecs": "ecs:RunTask",
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
}


def extend_invoke(invoke: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def strike_or_invoke(resource: str, task_input: Any) -> Any:
        service = resource.rpartition(":::")[2].partition(":")[0]
        if service in ACTIONS and FAULTS.strikes("throttle", ACTIONS[service], _name(service, task_input)):
            raise stepfunctions._ExecutionError(TASK_ERRORS[service], throttled_by(service).message)
        return invoke(resource, task_input)

    return strike_or_invoke


def _name(service: str, task_input: Mapping[str, Any]) -> str:
    """The name of what the task calls."""
    if service == "lambda":
        return str(task_input["FunctionName"]).rpartition(":")[2]
    if service == "sqs":
        return str(task_input["QueueUrl"]).rpartition("/")[2]
    if service == "ecs":
        return str(task_input["TaskDefinition"]).rpartition("/")[2].partition(":")[0]
    return str(task_input["Entries"][0].get("EventBusName") or "default").rpartition("/")[2]


PATCH = Patch(
    name="service faults of state machines",
    gap="the services that a state machine calls are never busy",
    targets=(Extension(stepfunctions, "_invoke_resource", "a85d2be9a8584ce0f8660e27ccc9e168", extend_invoke),),
)
