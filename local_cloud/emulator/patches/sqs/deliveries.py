"""What a standard queue does to messages only sometimes: a second delivery, a late one, and an empty answer.

Gap: the emulator delivers each message once, in order and immediately. AWS promises delivery at least once, and order
only as far as possible. A server that is unavailable while a message is received or deleted keeps its copy, so the
message is delivered again, also after it was deleted, and the copy does not know of the first receive. A short poll
asks only some of the servers, so its answer can lack messages.

The faults, each of the queue with that name: `duplicate` and `delay` of `sqs:ReceiveMessage`, and `delay` of
`sqs:SendMessage`.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
"""

import time
from collections.abc import Callable
from typing import Any

from ministack.services import sqs

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patching import Extension, Patch

RECEIVE, SEND = "sqs:ReceiveMessage", "sqs:SendMessage"
# Messages that are sent in the next seconds overtake a late one.
LATE_S = 1.0

Message = dict[str, Any]
Queue = dict[str, Any]


def extend_collect(collect: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
    def collect_and_keep_copies(queue: Queue, *limits: Any) -> list[Message]:
        if queue["is_fifo"]:
            return collect(queue, *limits)
        delay_new(queue)
        if any(_is_visible(message) for message in queue["messages"]) and FAULTS.strikes("delay", RECEIVE, name(queue)):
            return []
        messages = collect(queue, *limits)
        for message in messages:
            if FAULTS.strikes("duplicate", RECEIVE, name(queue)):
                queue["messages"].append(copy_of(message))
                sqs.esm_wake.set()
        return messages

    return collect_and_keep_copies


def delay_new(queue: Queue) -> None:
    """Let messages that nobody has asked for yet be late. All senders append to the queue's list, in several ways."""
    for message in queue["messages"]:
        if message.setdefault("arrived", False) is False:
            message["arrived"] = True
            if FAULTS.strikes("delay", SEND, name(queue)):
                message["visible_at"] = max(message.get("visible_at", 0.0), time.time() + LATE_S)


def copy_of(message: Message) -> Message:
    """The copy of a received message on a server that did not learn of the receive."""
    count = message["receive_count"] - 1
    first = message["first_receive_at"] if count else None
    return {
        **message,
        "receipt_handle": None,
        "visible_at": time.time(),
        "receive_count": count,
        "first_receive_at": first,
    }


def name(queue: Queue) -> str:
    return str(queue["attributes"]["QueueArn"]).rpartition(":")[2]


def _is_visible(message: Message) -> bool:
    return bool(message.get("visible_at", 0.0) <= time.time())


PATCH = Patch(
    name="SQS deliveries",
    gap="a message is delivered once, in order and immediately",
    targets=(Extension(sqs, "_collect_msgs", "308a6eb1b3d4c8ad5e5e63b0abb0e8ae", extend_collect),),
)
