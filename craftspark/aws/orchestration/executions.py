"""Executions of a state machine, one for each job or training and named by it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import exceptions
from botocore.exceptions import ClientError

from craftspark.jobs.starting import Order, StartRefused

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

    def start(self, order: Order) -> None:
        """Start the execution of a job's order; raises StartRefused."""
        with refusals():
            # It exists where the message came twice, or the maker sent the request again.
            self._start(order.job_id, order.body)

    def begin(self, name: str, order: Mapping[str, Any]) -> None:
        """Start the execution of this name."""
        self._start(name, json.dumps(order))

    def _start(self, name: str, order: str) -> None:
        with suppress(self.client.exceptions.ExecutionAlreadyExists):
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
