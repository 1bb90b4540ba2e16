"""A message and a request have the limits of SQS.

Gap: the emulator counts only the body of a message, and accepts any waiting time, delay, group and number of
attributes. On AWS, names, types and values of attributes count too, for a message and for a batch.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.services import sqs

from local_cloud.emulator.patches.sqs.receipts import MAX_VISIBILITY_S
from local_cloud.emulator.patching import Extension, Patch

MAX_MESSAGE_BYTES = 1_048_576
MAX_ATTRIBUTES = 10
MAX_DELAY_S = 900
MAX_WAIT_S = 20
GROUP = re.compile(r"[a-zA-Z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")


def extend_send(send: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Check a message, also one of a batch."""

    def check_and_send(data: Mapping[str, Any], url: str) -> dict[str, Any]:
        queue = sqs._get_q(data.get("QueueUrl", url), "sqs:SendMessage")
        _check_range(data, "DelaySeconds", MAX_DELAY_S)
        if len(data.get("MessageAttributes") or {}) > MAX_ATTRIBUTES:
            raise sqs._Err(
                "InvalidParameterValue", f"Number of message attributes exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
            )
        group = data.get("MessageGroupId")
        if group is not None and not GROUP.fullmatch(group):
            raise sqs._Err(
                "InvalidParameterValue",
                f"Value {group} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include"
                " alphanumeric and punctuation characters. 1 to 128 in length.",
            )
        limit = int(queue["attributes"].get("MaximumMessageSize", MAX_MESSAGE_BYTES))
        if size_of(data) > limit:
            raise sqs._Err(
                "InvalidParameterValue",
                f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.",
            )
        return send(data, url)

    return check_and_send


def extend_send_batch(send: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def check_and_send(data: Mapping[str, Any], url: str) -> dict[str, Any]:
        total = sum(map(size_of, data.get("Entries", [])))
        if total > MAX_MESSAGE_BYTES:
            raise sqs._Err(
                "BatchRequestTooLong",
                f"Batch requests cannot be longer than {MAX_MESSAGE_BYTES} bytes. You have sent {total} bytes.",
            )
        return send(data, url)

    return check_and_send


def extend_receive(receive: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def check_and_receive(data: Mapping[str, Any], url: str) -> Any:
        _check_range(data, "WaitTimeSeconds", MAX_WAIT_S)
        _check_range(data, "VisibilityTimeout", MAX_VISIBILITY_S)
        return await receive(data, url)

    return check_and_receive


def size_of(message: Mapping[str, Any]) -> int:
    """The bytes of a message: its body, and the names, types and values of its attributes."""
    attributes = message.get("MessageAttributes") or {}
    return len((message.get("MessageBody") or "").encode()) + sum(
        len(name.encode())
        + len(value.get("DataType", "").encode())
        + len((value.get("StringValue") or "").encode())
        + len(base64.b64decode(value.get("BinaryValue") or ""))
        for name, value in attributes.items()
    )


def _check_range(request: Mapping[str, Any], parameter: str, most: int) -> None:
    value = request.get(parameter)
    if value is not None and not 0 <= int(value) <= most:
        raise sqs._Err(
            "InvalidParameterValue",
            f"Value {value} for parameter {parameter} is invalid. Reason: Must be >= 0 and <= {most}, if provided.",
        )


PATCH = Patch(
    name="SQS limits",
    gap="attributes do not count, and times and groups have no limits",
    targets=(
        Extension(sqs, "_act_send_message", "3abd766508c885c6556ecfb378ba579d", extend_send),
        Extension(sqs._HANDLERS, "SendMessage", "3abd766508c885c6556ecfb378ba579d", extend_send),
        Extension(sqs._HANDLERS, "SendMessageBatch", "2cab381a76df25bfb8727a533aa702e1", extend_send_batch),
        Extension(sqs._HANDLERS, "ReceiveMessage", "abc94f693de18aee03e0fba25ec5d221", extend_receive),
    ),
)
