"""The GPU queue: batches for the workers of a pool."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.jobs.batches import BatchMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SQS responds with one of these for a message that was deleted, is visible, or was received again since.
NOT_HELD = frozenset(
    {
        "InvalidParameterValue",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)


class MessageNotHeld(Exception):
    """The receipt does not hide the message any more."""


@dataclass(frozen=True, kw_only=True)
class ReceivedBatch:
    """A message, and the receipt that deletes it. `receives` includes this receive. `waited_s` is the time since the
    message was sent, in seconds.
    """

    message: BatchMessage
    receipt: str
    receives: int
    waited_s: float


@dataclass(frozen=True, kw_only=True)
class GpuQueue:
    """Receives batches, and keeps each hidden while its worker is alive."""

    client: SQSClient
    url: str
    visibility_s: int

    def receive(self, *, wait_s: int) -> ReceivedBatch | None:
        """One message, after waiting for up to `wait_s` seconds, or None.

        Raises ContractBroken for a message that the state machine did not send. The message stays and ends in the
        dead-letter queue.
        """
        response = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=wait_s,
            VisibilityTimeout=self.visibility_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        for message in response.get("Messages", []):
            receives = int(message["Attributes"]["ApproximateReceiveCount"])
            return ReceivedBatch(
                message=BatchMessage.parse(message["Body"]),
                receipt=message["ReceiptHandle"],
                receives=receives,
                waited_s=time.time() - int(message["Attributes"]["SentTimestamp"]) / 1000,
            )
        return None

    def hide(self, receipt: str, seconds: int | None = None) -> None:
        """Hide a message from other workers for the visibility timeout, or for `seconds`, from now.

        Raises MessageNotHeld.
        """
        try:
            self.client.change_message_visibility(
                QueueUrl=self.url,
                ReceiptHandle=receipt,
                VisibilityTimeout=self.visibility_s if seconds is None else seconds,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_HELD:
                raise MessageNotHeld(str(error)) from error
            raise

    def delete(self, receipt: str) -> None:
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)
