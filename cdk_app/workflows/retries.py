"""What the state machine tries again, how often and how soon. Only named, transient errors are."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

LAUNCH_FAULTS = (
    "AmazonECS.Unknown",  # RunTask answered with failures
    "ECS.AmazonECSException",
    "ECS.SdkClientException",
    "ECS.ServerException",
    "ECS.ThrottlingException",
)
LAMBDA_FAULTS = (
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
)
# What `settle_job` raises by name; it may run any number of times and must have the last word.
SETTLE_FAULTS = (
    *LAMBDA_FAULTS,
    "ClientError",
    "ConnectTimeoutError",
    "Contended",
    "EndpointConnectionError",
    "JobChanged",
    "ReadTimeoutError",
)
# What our own functions raise where DynamoDB is out of reach or contended; all of them may run again.
STORE_FAULTS = (
    *LAMBDA_FAULTS,
    "ClientError",
    "ConnectTimeoutError",
    "Contended",
    "EndpointConnectionError",
    "EventRefused",
    "ReadTimeoutError",
    "TrainingChanged",
)
QUEUE_FAULTS = ("SQS.AmazonSQSException", "SQS.SdkClientException", "Sqs.SqsException", "Sqs.SdkClientException")
EVENT_FAULTS = ("EventBridge.FailedEntry", "EventBridge.SdkClientException", "EventBridge.InternalException")


def retry_interruptions(state: sfn.TaskStateBase, *, attempts: int) -> None:
    """Give an interrupted batch to the next worker at once; what it has finished is not rendered again."""
    state.add_retry(errors=["SpotInterrupted"], interval=Duration.seconds(1), max_attempts=attempts, backoff_rate=1)


def retry_faults(state: sfn.TaskStateBase, faults: Sequence[str], *, attempts: int) -> None:
    """Try again later and later, and not all jobs at the same moment."""
    state.add_retry(
        errors=list(faults),
        interval=Duration.seconds(2),
        max_attempts=attempts,
        backoff_rate=2,
        max_delay=Duration.seconds(60),
        jitter_strategy=sfn.JitterType.FULL,
    )
