"""Executions of a state machine, one for each job or training and named by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore import exceptions
from botocore.exceptions import ClientError

from craftspark.jobs.starting import StartRefused

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# What AWS answers where the same call is good a little later; an answer of 500 and above is, too.
TRANSIENT_CODES = (
    "ExecutionLimitExceeded",
    "KmsThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
)


@dataclass(frozen=True, kw_only=True)
class Executions:
    """Starts executions, at most one per name."""

    client: SFNClient
    state_machine_arn: str

    def start(self, name: str, order: str) -> None:
        """Start the execution of this name, unless it was started before: a message or a request may come twice.

        `order` is its input, as JSON. Raises StartRefused.
        """
        with refusals(), suppress(self.client.exceptions.ExecutionAlreadyExists):
            self.client.start_execution(stateMachineArn=self.state_machine_arn, name=name, input=order)


@contextmanager
def refusals() -> Iterator[None]:
    """AWS's passing faults as StartRefused; those that would be the same again stay what they are."""
    try:
        yield
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as unreachable:
        raise StartRefused(f"out of reach: {type(unreachable).__name__}") from unreachable
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code not in TRANSIENT_CODES and status < 500:
            raise
        raise StartRefused(f"refused at present: {code}") from error
