"""Dead letters can be moved back: StartMessageMoveTask and ListMessageMoveTasks.

Gap: SQS has neither, so the redrive that the runbook describes cannot be rehearsed. Here a move is over when the call
returns; what is hidden at that moment stays. As documented, a message that no queue's redrive policy brought here has
no queue to go back to, and moves only to a DestinationArn.
"""

import json
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sqs

from local_cloud.emulator.patching import Patch, Target

RESULTS_KEPT = 10
NO_SOURCE = "CouldNotDetermineMessageSource"

_moves: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)


def start(data: Mapping[str, Any], _: str) -> dict[str, Any]:
    """Move every visible message, the oldest first, each as a new message."""
    source = data.get("SourceArn", "")
    destination = data.get("DestinationArn")
    queue = _queue(source)
    if not _takes_dead_letters(source):
        raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    if destination:
        _queue(destination)
    with sqs._queues_lock:
        move = _move(queue, destination)
    move |= {"SourceArn": source, "StartedTimestamp": int(time.time() * 1000)}
    _moves[source] = [move, *_moves[source]][:RESULTS_KEPT]
    return {"TaskHandle": new_uuid()}


def listed(data: Mapping[str, Any], _: str) -> dict[str, Any]:
    """The latest moves out of a queue, the last one first."""
    source = data.get("SourceArn", "")
    _queue(source)
    return {"Results": _moves[source][: int(data.get("MaxResults", 1))]}


def _move(queue: dict[str, Any], destination: str | None) -> dict[str, Any]:
    sqs._expire_retained(queue)
    visible = [message for message in queue["messages"] if message["visible_at"] <= time.time()]
    move: dict[str, Any] = {"Status": "COMPLETED", "ApproximateNumberOfMessagesToMove": len(visible)}
    moved = set()
    for message in visible:
        target = destination or message.get("sys", {}).get("DeadLetterQueueSourceArn")
        if not target:
            move |= {"Status": "FAILED", "FailureReason": NO_SOURCE}
            break
        _send(message, target)
        moved.add(message["id"])
    queue["messages"] = [message for message in queue["messages"] if message["id"] not in moved]
    if destination:
        move["DestinationArn"] = destination
    return move | {"ApproximateNumberOfMessagesMoved": len(moved)}


def _send(message: Mapping[str, Any], arn: str) -> None:
    _queue(arn)
    optional = {"MessageGroupId": message.get("group_id"), "MessageDeduplicationId": message.get("dedup_id")}
    sqs._act_send_message(
        {
            "QueueUrl": arn.rpartition(":")[2],
            "MessageBody": message["body"],
            "MessageAttributes": message.get("message_attributes") or {},
            **{name: value for name, value in optional.items() if value},
        },
        "",
    )


def _queue(arn: str) -> dict[str, Any]:
    queue: dict[str, Any] | None = sqs._queue_by_arn(arn)
    if queue is None:
        raise sqs._Err("ResourceNotFoundException", f"The queue {arn} doesn't exist.", 404)
    return queue


def _takes_dead_letters(arn: str) -> bool:
    policies = (queue["attributes"].get("RedrivePolicy") for queue in sqs._queues.values())
    return any(json.loads(policy)["deadLetterTargetArn"] == arn for policy in policies if policy)


def apply() -> None:
    sqs._HANDLERS |= {"StartMessageMoveTask": start, "ListMessageMoveTasks": listed}


PATCH = Patch(
    name="message moves",
    gap="dead letters cannot be moved back to their queue",
    targets=(
        Target(sqs._HANDLERS, "StartMessageMoveTask", None),
        Target(sqs._HANDLERS, "ListMessageMoveTasks", None),
        Target(sqs, "_act_send_message", "3abd766508c885c6556ecfb378ba579d"),
        Target(sqs, "_dispatch", "6a429fdb61ebdc5a50778ac2505ca08c"),
        Target(sqs, "_dlq_sweep", "6a77691e16715a0d5d433deef257ceaf"),
        Target(sqs, "_queue_by_arn", "b4981875c8186c194675ead2fe848fb6"),
        Target(sqs, "_receive_messages_for_esm", "f230dbcd4974adcf5f22b7a8c3d72e41"),
    ),
    apply=apply,
)
