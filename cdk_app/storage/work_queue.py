"""Work queues. A message that fails too often moves to a dead-letter queue, so that no message is lost."""

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.acknowledgements import acknowledge

MAX_RECEIVES = 3
ENCRYPTED = (
    "SQS encrypts every message with keys of its own (SSE-SQS), which the rule does not count. With a KMS key, "
    "EventBridge could send dead letters only by a policy of that key.",
    "CKV_AWS_27",
)


class DeadLetterQueue(sqs.Queue):
    """Messages that no consumer could handle, for a person to inspect. They stay for two weeks, the maximum of SQS."""

    def __init__(self, scope: Construct, construct_id: str, *, output: str | None = None) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(self, *ENCRYPTED)
        output_url(self, output or f"{construct_id}QueueUrl")


class WorkQueue(Construct):
    """A standard queue and its dead-letter queue, which gets a message after `max_receives` failures.

    A message that waits longer than `late_after` raises an alarm. `output` starts the names of the outputs with the
    URLs; without it, the construct's ID does.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        visibility: Duration,
        retention: Duration,
        late_after: Duration,
        max_receives: int = MAX_RECEIVES,
        output: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.late_after = late_after
        name = output or construct_id.removesuffix("Queue")
        self.dead_letters = DeadLetterQueue(self, "DeadLetters", output=f"{name}DeadLetterQueueUrl")
        self.queue = sqs.Queue(
            self,
            "Queue",
            visibility_timeout=visibility,
            retention_period=retention,
            receive_message_wait_time=Duration.seconds(20),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=max_receives),
        )
        acknowledge(self.queue, *ENCRYPTED)
        output_url(self.queue, f"{name}QueueUrl")

    def grant_return(self, returner: iam.IGrantable) -> None:
        """Make messages visible that their consumer lost."""
        self.queue.grant(returner, "sqs:ChangeMessageVisibility")

    def grant_defer(self, consumer: iam.IGrantable) -> None:
        """Send a deferred message again, as a new one."""
        self.queue.grant(consumer, "sqs:SendMessage")


def output_url(queue: sqs.Queue, output: str) -> None:
    """Add the queue's URL to the stack's outputs, because operators inspect queues by their URL."""
    CfnOutput(queue, "Url", value=queue.queue_url).override_logical_id(output)
