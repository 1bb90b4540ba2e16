"""What the state machines try again, how often and how soon: by the retry class of each error that a runtime raises."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from craftspark.errors import Retry, names
from craftspark.errors.aws_names import LAMBDA_FAULTS, SDK_FAULTS
from craftspark.errors.raised import Raised


def retry_interruptions(state: sfn.TaskStateBase, raised: Raised, *, attempts: int) -> None:
    """Give interrupted work to the next worker at once; what it has finished is not done again."""
    state.add_retry(
        errors=names(raised, Retry.AT_ONCE), interval=Duration.seconds(1), max_attempts=attempts, backoff_rate=1
    )


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


def retry_step(state: sfn.TaskStateBase, raised: Raised) -> None:
    """Invoke one of our functions again where it or its tables were busy; all of them may run any number of times."""
    retry_faults(state, [*LAMBDA_FAULTS, *SDK_FAULTS, *names(raised, Retry.LATER)], attempts=6)
