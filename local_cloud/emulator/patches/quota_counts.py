"""What no request shows is counted against its quota: state transitions, calls of state machines, functions that run,
and write units. Beyond their rates, transitions wait, and calls of state machines fail.

Gap: the emulator counts nothing against the quotas of an account, and throttles nothing. AWS's documents are named in
`local_cloud/quotas.py`.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import json_response
from ministack.services import dynamodb, lambda_svc, stepfunctions

from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.emulator.patches.step_functions import execution_metrics
from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.quotas.throttled_answers import TASK_ERRORS, throttled_by
from local_cloud.emulator.quotas.throttles import THROTTLES
from local_cloud.emulator.quotas.use import USE

ASKED = "ReturnConsumedCapacity"
TRANSITION = "states:StateTransition"


def count_event(execution: Mapping[str, Any], previous: str, event_type: str, details: Mapping[str, Any]) -> None:
    """Count an event that follows the type `previous`: an entered state, a retry, or a call of another service.

    Retries are transitions too, and Express executions have no quota of transitions. A transition waits for its turn,
    and a call that its service throttles fails the state.
    """
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
    retried = event_type == "TaskScheduled" and not previous.endswith("StateEntered")
    if (retried or event_type.endswith("StateEntered")) and machine.get("type") != "EXPRESS":
        USE.count(TRANSITION)
        wait_for_turn(execution["stateMachineArn"])
    if event_type == "TaskScheduled":
        count_call(details["taskScheduledEventDetails"]["resource"])


def wait_for_turn(machine_arn: str) -> None:
    """Wait while the account's transitions are beyond their rate, which is a metric of the state machine."""
    wait_s = THROTTLES.wait_s(TRANSITION)
    if wait_s > 0:
        record_metric(execution_metrics.NAMESPACE, "ExecutionThrottled", 1, "Count", {"StateMachineArn": machine_arn})
        time.sleep(wait_s)


def count_call(resource: str) -> None:
    """Count the call of a task state. Raises the execution's error if its service throttles it."""
    # An ARN ends with the service, the action with a small first letter, and the pattern of the integration.
    service, _, action = resource.rpartition(":::")[2].partition(":")
    name = action.partition(".")[0]
    call = f"{service}:{name[:1].upper()}{name[1:]}"
    USE.count(call)
    if service in TASK_ERRORS and not THROTTLES.admits(call):
        raise stepfunctions._ExecutionError(TASK_ERRORS[service], throttled_by(service).message)


def extend_dispatch(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    def hold_and_dispatch(*arguments: Any, **options: Any) -> Any:
        with USE.hold("lambda:Invoke"):
            return dispatch(*arguments, **options)

    return hold_and_dispatch


def extend_capacity(add_capacity: Callable[..., None]) -> Callable[..., None]:
    """Count the units of a single write in the table itself: each index has its own quota.

    DynamoDB computes them only for callers that ask.
    """

    def count_and_add(result: Any, data: Any, table: str, write: bool = False, **items: Any) -> None:
        if write:
            counted: dict[str, Any] = {}
            add_capacity(counted, {ASKED: "INDEXES"}, table, write=True, **items)
            USE.count("dynamodb:WriteUnits", counted["ConsumedCapacity"]["Table"]["CapacityUnits"], of=table)
        add_capacity(result, data, table, write=write, **items)

    return count_and_add


def extend_transaction(transact: Callable[..., Any]) -> Callable[..., Any]:
    """Count the units of a transaction's writes in each table, which the emulator computes for the whole of it."""

    def transact_and_count(data: Mapping[str, Any]) -> Any:
        asks = data.get(ASKED, "NONE") != "NONE"
        status, headers, body = transact(dict(data) if asks else {**data, ASKED: "TOTAL"})
        if status != 200:
            return status, headers, body
        response = json.loads(body)
        for each in response.get("ConsumedCapacity", ()):
            # A request with the token of an earlier one only reads.
            USE.count("dynamodb:WriteUnits", each.get("WriteCapacityUnits", 0), of=each["TableName"])
        if asks:
            return status, headers, body
        return json_response({key: value for key, value in response.items() if key != "ConsumedCapacity"})

    return transact_and_count


PATCH = Patch(
    name="quota counts",
    gap="nothing is counted against the quotas of an account",
    targets=(
        Extension(lambda_svc, "_execute_function_dispatch", "f62cd259213ecef7ae51bf01a6dd1aa3", extend_dispatch),
        Extension(dynamodb, "_add_consumed_capacity", "e8b57ddae96f70fbadaa1e8409302e77", extend_capacity),
        Extension(dynamodb, "_transact_write_items", "d931eab087546b66b8b9dc0152f42fe6", extend_transaction),
        Target(stepfunctions, "_execute_task", "53c818d247dba62c49b82c78ad185f18"),
    ),
)
