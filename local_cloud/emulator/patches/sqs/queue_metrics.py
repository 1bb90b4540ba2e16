"""Each minute, a queue reports how many messages it has and how old the oldest one is.

Gap: the emulator has no metrics of queues, so alarms on dead letters and late messages never ring.

A message that was received more than three times counts as a poison pill, and the age is that of the next one.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import time
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import sqs

from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.emulator.patching import Patch, Target

NAMESPACE = "AWS/SQS"
MAX_RECEIVES = 3


def sample() -> None:
    """Record the metrics of all queues."""
    for (account, region, _), queue in list(sqs._queues.to_dict().items()):
        with request_scope(account, region):
            _record(queue)


def _record(queue: Mapping[str, Any]) -> None:
    now, dimensions, messages = time.time(), {"QueueName": queue["name"]}, list(queue["messages"])
    visible = sum(each["visible_at"] <= now for each in messages)
    delayed = sum(each["visible_at"] > now and each["receive_count"] == 0 for each in messages)
    hidden = len(messages) - visible - delayed
    record_metric(NAMESPACE, "ApproximateNumberOfMessagesVisible", visible, "Count", dimensions)
    ages = [
        now - each.get("enqueued_at", each["sent_at"]) for each in messages if each["receive_count"] <= MAX_RECEIVES
    ]
    for metric, value, unit, reported in (
        ("ApproximateNumberOfMessagesNotVisible", hidden, "Count", hidden),
        ("ApproximateNumberOfMessagesDelayed", delayed, "Count", delayed),
        ("ApproximateAgeOfOldestMessage", round(max(ages, default=0)), "Seconds", ages),
    ):
        if reported:  # a queue has these metrics only while it has such messages
            record_metric(NAMESPACE, metric, value, unit, dimensions)


PATCH = Patch(
    name="queue metrics",
    gap="queues have no metrics",
    targets=(Target(sqs, "_refresh_counts", "5d0fb7b342d2d050ce9496a8a89c53e5"),),
)
