"""State machines act as their roles.

Gap: the tasks of a state machine call other services without a check. With this patch, a task fails with AWS's error if
the role of its machine may not make the call: `lambda:InvokeFunction`, `sqs:SendMessage`, `events:PutEvents`, and
`ecs:RunTask` with `iam:PassRole` for the roles of the task.

https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs, stepfunctions

from local_cloud.emulator.patches.step_functions.task_callbacks import current_execution
from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.permissions.callers import AccessDenied, check_role
from local_cloud.emulator.permissions.resources import cluster_arn, resources_of

# By service: the error of a task that is refused.
ERRORS = {
    "ecs": "ECS.AccessDeniedException",
    "events": "EventBridge.AccessDeniedException",
    "lambda": "Lambda.AWSLambdaException",
    "sqs": "SQS.AmazonSQSException",
}

Check = tuple[str, str, dict[str, str]]  # action, resource and condition keys


def call_as_role(invoke: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Make the call of a task as the role of the running state machine."""

    def invoke_resource(resource: str, task_input: Any) -> Any:
        execution = current_execution.get()
        if execution is not None:
            machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
            service = resource.rpartition(":::")[2].partition(":")[0]
            try:
                for action, arn, keys in _checks(service, task_input):
                    check_role(machine["roleArn"], execution["name"], action, arn, **keys)
            except AccessDenied as error:
                raise stepfunctions._ExecutionError(ERRORS[service], str(error)) from error
        return invoke(resource, task_input)

    return invoke_resource


def _checks(service: str, task_input: Mapping[str, Any]) -> Iterator[Check]:
    """What a task of an integration does. Raises an execution error for an integration that is not checked here."""
    if service == "lambda":
        yield "lambda:InvokeFunction", _function_arn(task_input["FunctionName"]), {}
    elif service == "sqs":
        queue = task_input["QueueUrl"].rpartition("/")[2]
        yield "sqs:SendMessage", f"arn:aws:sqs:{get_region()}:{get_account_id()}:{queue}", {}
    elif service == "events":
        for bus in {entry.get("EventBusName") or "default" for entry in task_input["Entries"]}:
            yield "events:PutEvents", _bus_arn(bus), {}
    elif service == "ecs":
        yield from _run_task(stepfunctions._pascal_to_camel(task_input))
    else:
        raise stepfunctions._ExecutionError(
            "States.Runtime", f"the permissions of {service} tasks are not checked here"
        )


def _run_task(request: Mapping[str, Any]) -> Iterator[Check]:
    [reference] = resources_of("ecs:RunTask", request) or []
    definition = ecs._task_defs.get(ecs._resolve_td_key(reference)) or {}
    yield "ecs:RunTask", definition.get("taskDefinitionArn", reference), {"ecs_cluster": cluster_arn(request)}
    for role in filter(None, (definition.get("taskRoleArn"), definition.get("executionRoleArn"))):
        yield "iam:PassRole", role, {"iam_PassedToService": "ecs-tasks.amazonaws.com"}


def _function_arn(name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name}"


def _bus_arn(bus: str) -> str:
    return bus if bus.startswith("arn:") else f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/{bus}"


PATCH = Patch(
    name="IAM state machines",
    gap="the tasks of a state machine may call everything",
    targets=(
        Extension(stepfunctions, "_invoke_resource", "a85d2be9a8584ce0f8660e27ccc9e168", call_as_role),
        Target(stepfunctions, "_invoke_with_callback", "bbb38423156a0d3d46c6fe1929264005"),
        Target(stepfunctions, "_pascal_to_camel", "20765f8d6cad2c617a93eb743ffc5af1"),
        Target(ecs, "_resolve_td_key", "0cd4ac5c23cebae6f068195ba62a3387"),
    ),
)
