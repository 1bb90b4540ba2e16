"""A tenant with many messages in flight waits for the others, and a queue has at most 120,000 messages in flight.

Gap: the emulator delivers in the order of sending, and any number. On AWS, a standard queue delivers the messages of
quiet tenants first. A tenant is a message group, and a message without a group is a separate tenant. A tenant is
noisy if it has more than 10 % of the messages in flight, and at least 30. Of several noisy tenants, the one with the
fewest in flight is first. AWS also looks at the share of the processing time, which this patch does not. At 120,000
messages in flight, a short poll is `OverLimit`, and a long poll is empty.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.services import sqs

from local_cloud.emulator.patching import Extension, Patch

NOISY_SHARE, NOISY_MESSAGES = 0.1, 30
MAX_IN_FLIGHT = 120_000

Message = dict[str, Any]
Queue = dict[str, Any]


def extend_collect(collect: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
    """Put the messages of noisy tenants behind the others, and deliver no more than may be in flight."""

    def collect_fairly(queue: Queue, count: int, visibility_s: int) -> list[Message]:
        if queue["is_fifo"]:
            return collect(queue, count, visibility_s)
        in_flight = Counter(map(tenant_of, filter(is_in_flight, queue["messages"])))
        total = in_flight.total()
        noisy = {
            tenant: messages
            for tenant, messages in in_flight.items()
            if messages >= NOISY_MESSAGES and messages > NOISY_SHARE * total
        }
        if noisy:
            queue["messages"].sort(key=lambda message: noisy.get(tenant_of(message), 0))
        allowed = min(count, MAX_IN_FLIGHT - total)
        return collect(queue, allowed, visibility_s) if allowed > 0 else []

    return collect_fairly


def extend_receive(receive: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def receive_within_limit(data: Mapping[str, Any], url: str) -> Any:
        queue = sqs._get_q(data.get("QueueUrl", url), "sqs:ReceiveMessage")
        wait = data.get("WaitTimeSeconds", queue["attributes"].get("ReceiveMessageWaitTimeSeconds", "0"))
        if not queue["is_fifo"] and int(wait or 0) == 0 and sum(map(is_in_flight, queue["messages"])) >= MAX_IN_FLIGHT:
            raise sqs._Err("OverLimit", "The maximum number of in flight messages is reached.", 403)
        return await receive(data, url)

    return receive_within_limit


def is_in_flight(message: Message) -> bool:
    """Whether a consumer has the message."""
    return bool(message.get("receive_count", 0)) and bool(message.get("visible_at", 0.0) > time.time())


def tenant_of(message: Message) -> str:
    return str(message.get("group_id") or message["id"])


PATCH = Patch(
    name="SQS fair queues",
    gap="a tenant with a backlog delays the others, and any number of messages is in flight",
    targets=(
        Extension(sqs, "_collect_msgs", "308a6eb1b3d4c8ad5e5e63b0abb0e8ae", extend_collect),
        Extension(sqs._HANDLERS, "ReceiveMessage", "abc94f693de18aee03e0fba25ec5d221", extend_receive),
    ),
)
