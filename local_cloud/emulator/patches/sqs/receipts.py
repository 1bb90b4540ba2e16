"""A receipt is valid until its message is received or visible again, and keeps a message hidden for 12 hours at most.

Gap: the emulator refuses to delete a message whose receipt is not the latest one, or that is gone. On AWS, such a
request of a standard queue succeeds: the message stays if it was received again, and is delivered again. The
emulator hides a message that is visible again, for any time. On AWS, that is `MessageNotInflight`, and no message is
hidden for more than 12 hours from its receive.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""

import base64
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.services import sqs

from local_cloud.emulator.patches.sqs.locks import LOCK
from local_cloud.emulator.patching import Extension, Patch, Replacement, Target

MAX_VISIBILITY_S = 12 * 3600
DEFAULT_VISIBILITY_S = 30
SEPARATOR = "#"

Message = dict[str, Any]
Queue = dict[str, Any]


def extend_collect(collect: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
    """Give each received message a receipt of its queue that names the message, as AWS's receipts do."""

    def collect_with_receipts(queue: Queue, *limits: Any) -> list[Message]:
        messages = collect(queue, *limits)
        for message in messages:
            name = SEPARATOR.join((queue["attributes"]["QueueArn"], message["id"], uuid.uuid4().hex))
            message["receipt_handle"] = base64.b64encode(name.encode()).decode()
            message["received_at"] = time.time()
        return messages

    return collect_with_receipts


def delete(data: Mapping[str, Any], url: str) -> dict[str, Any]:
    queue = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
    if not data.get("ReceiptHandle"):
        raise sqs._Err("MissingParameter", "The request must contain the parameter ReceiptHandle.")
    _delete(queue, data["ReceiptHandle"])
    return {}


def delete_batch(data: Mapping[str, Any], url: str) -> dict[str, Any]:
    queue = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
    entries = data.get("Entries", [])
    sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
    return _each(entries, lambda entry: _delete(queue, entry.get("ReceiptHandle", "")))


def change_visibility(data: Mapping[str, Any], url: str) -> dict[str, Any]:
    queue = sqs._get_q(data.get("QueueUrl", url), "sqs:ChangeMessageVisibility")
    _change_visibility(queue, data)
    return {}


def change_visibility_batch(data: Mapping[str, Any], url: str) -> dict[str, Any]:
    queue = sqs._get_q(data.get("QueueUrl", url), "sqs:ChangeMessageVisibility")
    entries = data.get("Entries", [])
    sqs._validate_batch_entries(entries, "ChangeMessageVisibilityBatchRequestEntry")
    return _each(entries, lambda entry: _change_visibility(queue, entry))


def _each(entries: list[Mapping[str, Any]], act: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """The result of a batch: one entry that fails leaves the others."""
    answer: dict[str, list[dict[str, Any]]] = {"Successful": [], "Failed": []}
    for entry in entries:
        try:
            act(entry)
            answer["Successful"].append({"Id": entry["Id"]})
        except sqs._Err as error:
            answer["Failed"].append(
                {"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True}
            )
    return answer


def _delete(queue: Queue, receipt: str) -> None:
    with LOCK:
        if not any(message["receipt_handle"] == receipt for message in _received(queue)):
            _check_receipt(queue, receipt)
            if queue["is_fifo"]:
                raise _invalid(receipt, "The receipt handle has expired")
            return
        queue["messages"] = [each for each in queue["messages"] if each.get("receipt_handle") != receipt]


def _change_visibility(queue: Queue, request: Mapping[str, Any]) -> None:
    receipt, seconds = request.get("ReceiptHandle", ""), int(request.get("VisibilityTimeout", DEFAULT_VISIBILITY_S))
    if not 0 <= seconds <= MAX_VISIBILITY_S:
        raise sqs._Err(
            "InvalidParameterValue",
            f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.",
        )
    now = time.time()
    with LOCK:
        message = next((each for each in _received(queue) if each["receipt_handle"] == receipt), None)
        if message is None:
            _check_receipt(queue, receipt)
            raise _invalid(receipt, "Message does not exist or is not available for visibility timeout change")
        if message["visible_at"] <= now:
            raise sqs._Err("MessageNotInflight", "The message referred to isn't in flight.")
        if now + seconds - message.get("received_at", now) > MAX_VISIBILITY_S:
            raise sqs._Err(
                "InvalidParameterValue",
                f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the"
                f" message is beyond the limit [{MAX_VISIBILITY_S} seconds].",
            )
        message["visible_at"] = now + seconds
    if seconds == 0:
        sqs.esm_wake.set()


def _received(queue: Queue) -> Iterator[Message]:
    return (message for message in queue["messages"] if message.get("receipt_handle"))


def _invalid(receipt: str, reason: str) -> Exception:
    message = f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: {reason}."
    return sqs._Err("InvalidParameterValue", message)  # type: ignore[no-any-return]


def _check_receipt(queue: Queue, receipt: str) -> None:
    """Raises ReceiptHandleIsInvalid unless the queue has issued a receipt like it."""
    try:
        queue_arn = base64.b64decode(receipt, validate=True).decode().split(SEPARATOR)[0]
    except ValueError:
        queue_arn = ""
    if queue_arn != queue["attributes"]["QueueArn"]:
        raise sqs._Err("ReceiptHandleIsInvalid", f'The input receipt handle "{receipt}" is not a valid receipt handle.')


PATCH = Patch(
    name="SQS receipts",
    gap="an old receipt is refused where AWS accepts it, and hides a message where AWS refuses",
    targets=(
        Extension(sqs, "_collect_msgs", "308a6eb1b3d4c8ad5e5e63b0abb0e8ae", extend_collect),
        Replacement(sqs._HANDLERS, "DeleteMessage", "8d700665e3d6d9b3c349ccda41bb3804", delete),
        Replacement(sqs._HANDLERS, "DeleteMessageBatch", "877517c32f0fe6364a3224d853c22141", delete_batch),
        Replacement(sqs._HANDLERS, "ChangeMessageVisibility", "387eac7e8e12f9c2cb7a597a4e5d68d0", change_visibility),
        Replacement(
            sqs._HANDLERS, "ChangeMessageVisibilityBatch", "bd08e3c7b0ab4fa142f8555d72f9dc74", change_visibility_batch
        ),
        Target(sqs, "_validate_batch_entries", "47c203ea5bd27179eb101d91f1543447"),
        Target(sqs, "_delete_messages_for_esm", "c1686f29b48b42eea5a69e1c24da77bd"),
    ),
)
