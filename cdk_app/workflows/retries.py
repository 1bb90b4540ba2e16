"""Retries of the state machines, by the retry class of each error that a runtime raises; and timeouts."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from craftspark.errors import Retry, names
from craftspark.errors.aws_names import LAMBDA_FAULTS, SDK_FAULTS
from craftspark.errors.raised import Raised


def retry_interruptions(state: sfn.TaskStateBase, raised: Raised, *, attempts: int) -> None:
    """Give interrupted work to another worker after a second. Finished images and steps are not repeated."""
    state.add_retry(
        errors=names(raised, Retry.AT_ONCE), interval=Duration.seconds(1), max_attempts=attempts, backoff_rate=1
    )


def retry_faults(state: sfn.TaskStateBase, faults: Sequence[str], *, attempts: int) -> None:
    """Retry with growing pauses and jitter, so that jobs do not all retry at the same moment."""
    state.add_retry(
        errors=list(faults),
        interval=Duration.seconds(2),
        max_attempts=attempts,
        backoff_rate=2,
        max_delay=Duration.seconds(60),
        jitter_strategy=sfn.JitterType.FULL,
    )


def retry_step(state: sfn.TaskStateBase, raised: Raised) -> None:
    """Invoke a function again if it or its tables were busy. All functions are idempotent."""
    retry_faults(state, [*LAMBDA_FAULTS, *SDK_FAULTS, *names(raised, Retry.LATER)], attempts=6)


def to_timeout(count: int) -> sfn.Timeout:
    """The timeout of a state or of its heartbeat."""
    return sfn.Timeout.duration(Duration.seconds(count))
