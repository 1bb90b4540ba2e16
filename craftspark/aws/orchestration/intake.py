"""The intake queue, in front of the state machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.jobs.batches import DEFERRALS

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from craftspark.jobs.batches import JobOrder
    from craftspark.jobs.starting import IntakeMessage


@dataclass(frozen=True, kw_only=True)
class IntakeQueue:
    """Sends jobs' orders. The maker is the message group, so many jobs of one maker do not delay others."""

    client: SQSClient
    url: str

    def send(self, order: JobOrder) -> None:
        self.client.send_message(
            QueueUrl=self.url, MessageBody=order.to_text(), MessageGroupId=message_group(order.maker)
        )

    def defer(self, message: IntakeMessage, delay_s: int) -> None:
        """Send the order again with a delay. A new message starts with no receives, because none of the receives
        failed.
        """
        self.client.send_message(
            QueueUrl=self.url,
            MessageBody=message.body,
            MessageGroupId=message_group(message.order.maker),
            DelaySeconds=delay_s,
            MessageAttributes={DEFERRALS: {"DataType": "Number", "StringValue": str(message.deferrals + 1)}},
        )


def message_group(maker: str) -> str:
    """A maker's id as a message group. SQS allows 128 ASCII characters, and an OIDC subject can have 255."""
    return maker[:128]
