"""The intake queue, in front of the state machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from craftspark.jobs.starting import Order


@dataclass(frozen=True, kw_only=True)
class IntakeQueue:
    """Sends jobs' orders. The maker is the message group, so many jobs of one maker do not delay others."""

    client: SQSClient
    url: str

    def send(self, order: dict[str, Any], *, maker: str) -> None:
        self.client.send_message(
            QueueUrl=self.url, MessageBody=to_json(order).decode(), MessageGroupId=message_group(maker)
        )

    def defer(self, order: Order, delay_s: int) -> None:
        """Send the order again with a delay. A new message starts with no receives, because none of the receives
        failed.
        """
        self.client.send_message(
            QueueUrl=self.url,
            MessageBody=order.body,
            MessageGroupId=message_group(order.maker),
            DelaySeconds=delay_s,
            MessageAttributes={"deferrals": {"DataType": "Number", "StringValue": str(order.deferrals + 1)}},
        )


def message_group(maker: str) -> str:
    """A maker's id as a message group. SQS allows 128 ASCII characters, and an OIDC subject can have 255."""
    return maker[:128]
