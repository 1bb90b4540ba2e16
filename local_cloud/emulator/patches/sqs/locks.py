"""What changes the messages of a queue happens one after the other.

Gap: requests run in one thread, the polls of Lambda and its deletions in others, and rules of EventBridge in others
again. Each takes the list of messages, and writes a new one, without a lock: a message that is sent in between is lost.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
"""

import threading
from collections.abc import Callable
from typing import Any

from ministack.services import eventbridge, sqs

from local_cloud.emulator.patching import Extension, Patch

LOCK = threading.RLock()  # a move of messages sends while it holds the lock


def locked(function: Callable[..., Any]) -> Callable[..., Any]:
    def hold_and_call(*arguments: Any, **options: Any) -> Any:
        with LOCK:
            return function(*arguments, **options)

    return hold_and_call


PATCH = Patch(
    name="SQS locks",
    gap="a message that is sent while another one is deleted can be lost",
    targets=(
        Extension(sqs, "_collect_msgs", "308a6eb1b3d4c8ad5e5e63b0abb0e8ae", locked),
        Extension(sqs, "_dlq_sweep", "6a77691e16715a0d5d433deef257ceaf", locked),
        Extension(sqs, "_expire_retained", "c0da3361632bea2795ae6a11153306fb", locked),
        Extension(sqs, "_receive_messages_for_esm", "f230dbcd4974adcf5f22b7a8c3d72e41", locked),
        Extension(sqs, "_delete_messages_for_esm", "c1686f29b48b42eea5a69e1c24da77bd", locked),
        Extension(sqs, "_act_send_message", "3abd766508c885c6556ecfb378ba579d", locked),
        Extension(sqs._HANDLERS, "SendMessage", "3abd766508c885c6556ecfb378ba579d", locked),
        Extension(eventbridge, "_dispatch_to_sqs", "eb75981283a297833b70db6d8820f924", locked),
    ),
)
