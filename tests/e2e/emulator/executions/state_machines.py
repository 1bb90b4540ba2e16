"""Small state machines for the emulator."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.roles import allow, role
from tests.e2e.waiting import eventually


def start(
    aws: Clients,
    definition: Mapping[str, Any],
    execution_input: Mapping[str, Any] | None = None,
    *,
    role_arn: str | None = None,
) -> str:
    """Create a JSONata state machine from this definition and start it. Returns the ARN of the execution."""
    machine = aws["stepfunctions"].create_state_machine(
        name=f"machine-{uuid.uuid4().hex[:8]}",
        definition=json.dumps({"QueryLanguage": "JSONata", **definition}),
        roleArn=role_arn or role(aws, "states", allow("*", "sqs:SendMessage", "lambda:InvokeFunction")),
    )
    started = aws["stepfunctions"].start_execution(
        stateMachineArn=machine["stateMachineArn"], input=json.dumps(execution_input or {})
    )
    return str(started["executionArn"])


def ended(aws: Clients, execution: str) -> dict[str, Any]:
    """Wait until the execution has ended, and return the response of DescribeExecution."""

    def look() -> dict[str, Any] | None:
        described: dict[str, Any] = aws["stepfunctions"].describe_execution(executionArn=execution)
        return None if described["status"] == "RUNNING" else described

    described = eventually(look)
    assert described is not None
    return described


def history(aws: Clients, execution: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = aws["stepfunctions"].get_execution_history(executionArn=execution, maxResults=1000)[
        "events"
    ]
    return events


def queue(aws: Clients) -> str:
    return str(aws["sqs"].create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"])


def callback_task(queue_url: str, **fields: Any) -> dict[str, Any]:
    """A task state that sends its token to the queue and waits."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {
            "QueueUrl": queue_url,
            "MessageBody": {"token": "{% $states.context.Task.Token %}"},
            "MessageGroupId": "maker",
        },
        "End": True,
        **fields,
    }


def next_token(aws: Clients, queue_url: str) -> str:
    """Receive and delete the next message, and return its token."""
    messages = eventually(lambda: aws["sqs"].receive_message(QueueUrl=queue_url, WaitTimeSeconds=5).get("Messages"))
    assert messages
    aws["sqs"].delete_message(QueueUrl=queue_url, ReceiptHandle=messages[0]["ReceiptHandle"])
    return str(json.loads(messages[0]["Body"])["token"])
