"""The GPU queue: batches for the warm pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.errors import InvalidInput
from craftspark.jobs.batches import Batch, BatchMalformed
from craftspark.parsing import parse_object

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, kw_only=True)
class GpuMessage:
    """A batch, its task token, and the receipt that deletes its message. `receives` includes this receive."""

    batch: Batch
    token: str
    receipt: str
    receives: int


@dataclass(frozen=True, kw_only=True)
class GpuQueue:
    """Receives batches, and keeps each hidden while its worker is alive."""

    client: SQSClient
    url: str
    visibility_s: int

    def receive(self, *, wait_s: int) -> GpuMessage | None:
        """One message, after waiting for up to `wait_s` seconds, or None.

        Raises BatchMalformed for a message that the state machine did not send. The message stays and ends in the
        dead-letter queue.
        """
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=wait_s,
            VisibilityTimeout=self.visibility_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        for message in answer.get("Messages", []):
            receives = int(message["Attributes"]["ApproximateReceiveCount"])
            return read_message(message["Body"], message["ReceiptHandle"], receives)
        return None

    def hide(self, receipt: str, seconds: int | None = None) -> None:
        """Hide a message from other workers for the visibility timeout, or for `seconds`, from now."""
        self.client.change_message_visibility(
            QueueUrl=self.url,
            ReceiptHandle=receipt,
            VisibilityTimeout=self.visibility_s if seconds is None else seconds,
        )

    def delete(self, receipt: str) -> None:
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)


def read_message(body: str, receipt: str, receives: int) -> GpuMessage:
    """A message that the state machine sent. Raises BatchMalformed."""
    try:
        value = parse_object(body, "message")
        token = str(value["task_token"])
        batch = value["batch"]
    except (InvalidInput, KeyError) as error:
        raise BatchMalformed(f"not a message of the state machine: {error!r}") from error
    return GpuMessage(batch=Batch.from_json(batch), token=token, receipt=receipt, receives=receives)
