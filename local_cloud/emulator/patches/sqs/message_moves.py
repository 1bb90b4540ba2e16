"""StartMessageMoveTask and ListMessageMoveTasks move dead letters back to their queues.

Gap: the emulator's SQS has no such calls, so operators cannot practise a redrive. With this patch, a move is complete
when the call returns, and messages that are not visible at that time stay. As documented, a message that no redrive
policy has moved has no source queue, so it can be moved only to a DestinationArn.
"""

import json
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sqs

from local_cloud.emulator.patches.sqs.locks import LOCK
from local_cloud.emulator.patching import Patch, Replacement, Target

MAX_RESULTS = 10
NO_SOURCE = "CouldNotDetermineMessageSource"

_moves: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)


def start_move(data: Mapping[str, Any], _: str) -> dict[str, Any]:
    """Move every visible message, oldest first, by sending it as a new message."""
    source = data.get("SourceArn", "")
    destination = data.get("DestinationArn")
    queue = _find_queue(source)
    if not _is_dead_letter_queue(source):
        raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    if destination:
        _find_queue(destination)
    with LOCK:
        move = _move_messages(queue, destination)
    move |= {"SourceArn": source, "StartedTimestamp": int(time.time() * 1000)}
    _moves[source] = [move, *_moves[source]][:MAX_RESULTS]
    return {"TaskHandle": new_uuid()}


def list_moves(data: Mapping[str, Any], _: str) -> dict[str, Any]:
    """The latest moves from a queue, newest first."""
    source = data.get("SourceArn", "")
    _find_queue(source)
    return {"Results": _moves[source][: int(data.get("MaxResults", 1))]}


def _move_messages(queue: dict[str, Any], destination: str | None) -> dict[str, Any]:
    """The result of the move, as ListMessageMoveTasks returns it."""
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
    _find_queue(arn)
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


def _find_queue(arn: str) -> dict[str, Any]:
    queue: dict[str, Any] | None = sqs._queue_by_arn(arn)
    if queue is None:
        raise sqs._Err("ResourceNotFoundException", f"The queue {arn} doesn't exist.", 404)
    return queue


def _is_dead_letter_queue(arn: str) -> bool:
    policies = (queue["attributes"].get("RedrivePolicy") for queue in sqs._queues.values())
    return any(json.loads(policy)["deadLetterTargetArn"] == arn for policy in policies if policy)


PATCH = Patch(
    name="message moves",
    gap="dead letters cannot be moved back to their queue",
    targets=(
        Replacement(sqs._HANDLERS, "StartMessageMoveTask", None, start_move),
        Replacement(sqs._HANDLERS, "ListMessageMoveTasks", None, list_moves),
        Target(sqs, "_act_send_message", "3abd766508c885c6556ecfb378ba579d"),
        Target(sqs, "_dispatch", "6a429fdb61ebdc5a50778ac2505ca08c"),
        Target(sqs, "_dlq_sweep", "6a77691e16715a0d5d433deef257ceaf"),
        Target(sqs, "_queue_by_arn", "b4981875c8186c194675ead2fe848fb6"),
        Target(sqs, "_receive_messages_for_esm", "f230dbcd4974adcf5f22b7a8c3d72e41"),
    ),
)
