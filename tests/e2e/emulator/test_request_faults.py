"""Requests and tasks that a fault strikes have the errors of their services."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.emulator.patches import request_faults
from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import Fault
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.environment import ACCOUNT, REGION
from tests.e2e.emulator.executions import state_machines
from tests.e2e.emulator.roles import allow, client_as, role

READS: Mapping[str, tuple[Callable[[Any], Any], str, int]] = {
    "sqs": (lambda sqs: sqs.get_queue_url(QueueName="queue-of-nobody"), "RequestThrottled", 400),
    "dynamodb": (lambda dynamodb: dynamodb.describe_table(TableName="nobodys"), "ThrottlingException", 400),
    "lambda": (lambda functions: functions.get_function(FunctionName="nobodys"), "TooManyRequestsException", 429),
    "s3": (lambda s3: s3.list_objects_v2(Bucket="bucket-of-nobody"), "SlowDown", 503),
    "cloudwatch": (lambda metrics: metrics.list_metrics(), "Throttling", 400),
    "stepfunctions": (
        lambda states: states.describe_state_machine(
            stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:nobodys"
        ),
        "ThrottlingException",
        400,
    ),
}


@pytest.fixture(scope="module")
def reader(aws: Clients) -> str:
    """A role that may do everything."""
    return role(aws, "lambda", allow("*", "*"))


def refusal(aws: Clients, reader: str, service: str) -> tuple[str, int]:
    """The code and the status of a call's only answer."""
    with pytest.raises(ClientError) as refused:
        READS[service][0](client_as(aws, reader, service, attempts=1))
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("service", READS)
def test_a_struck_request_is_throttled_with_the_error_of_its_service(aws: Clients, reader: str, service: str) -> None:
    with FaultSwitch(aws.endpoint).under(Fault("throttle", share=1)):
        assert refusal(aws, reader, service) == READS[service][1:]
        aws["sqs"].list_queues()  # the calls of the administrator are not struck


def test_a_struck_request_is_denied_as_if_a_permission_were_missing(aws: Clients, reader: str) -> None:
    with FaultSwitch(aws.endpoint).under(Fault("deny", "dynamodb:DescribeTable", share=1)):
        assert refusal(aws, reader, "dynamodb") == ("AccessDeniedException", 403)
    assert refusal(aws, reader, "dynamodb")[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("arn:aws:sqs:us-east-1:000000000000:orders", "orders"),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/jobs/index/by_maker", "jobs"),
        ("arn:aws:lambda:us-east-1:000000000000:function:settle:live", "settle"),
        ("arn:aws:s3:::images/a/b.png", "images"),
        ("arn:aws:states:us-east-1:000000000000:execution:render-job:x", "render-job"),
        ("*", "*"),
    ],
)
def test_a_fault_can_name_the_thing_that_a_request_is_about(resource: str, name: str) -> None:
    assert request_faults.name_in(resource) == name


def test_a_struck_task_of_a_state_machine_has_the_error_of_its_service(aws: Clients) -> None:
    url = state_machines.queue(aws)
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    task |= {"Arguments": {"QueueUrl": url, "MessageBody": "body"}}
    machine = {"StartAt": "Send", "States": {"Send": task}}

    with FaultSwitch(aws.endpoint).under(Fault("throttle", url.rpartition("/")[2], share=1)):
        struck = state_machines.ended(aws, state_machines.start(aws, machine))

    assert (struck["status"], struck["error"]) == ("FAILED", "SQS.AmazonSQSException")
    assert state_machines.ended(aws, state_machines.start(aws, machine))["status"] == "SUCCEEDED"
