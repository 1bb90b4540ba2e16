"""Executions of a state machine, one for each job or training and named by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.aws.faults import AWS_ERRORS, is_transient
from craftspark.jobs.starting import StartRefused

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True, kw_only=True)
class Executions:
    """Starts executions, at most one per name."""

    client: SFNClient
    state_machine_arn: str

    def start(self, name: str, order: str) -> None:
        """Start the execution of this name, unless it was started before: a message or a request may come twice.

        `order` is its input, as JSON. Raises StartRefused.
        """
        with refuse_transient(), suppress(self.client.exceptions.ExecutionAlreadyExists):
            self.client.start_execution(stateMachineArn=self.state_machine_arn, name=name, input=order)


@contextmanager
def refuse_transient() -> Iterator[None]:
    """Raise StartRefused for a transient error of AWS, after which the same call can succeed."""
    try:
        yield
    except AWS_ERRORS as error:
        if not is_transient(error):
            raise
        name = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise StartRefused(name) from error
