"""A queue whose messages never get lost: what fails too often waits in a second one."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

MOST_RECEIVES = 3


class DeadLetterQueue(sqs.Queue):
    """Where a person looks at what nothing could handle. Messages stay for two weeks, the longest that SQS allows."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )


class WorkQueue(Construct):
    """A standard queue and its dead letters, where a message is after `most_receives` that failed."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        visibility: Duration,
        retention: Duration,
        most_receives: int = MOST_RECEIVES,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = DeadLetterQueue(self, "DeadLetters")
        self.queue = sqs.Queue(
            self,
            "Queue",
            visibility_timeout=visibility,
            retention_period=retention,
            receive_message_wait_time=Duration.seconds(20),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=most_receives),
        )
