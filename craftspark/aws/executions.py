"""Executions of a state machine, one for each job or training and named by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.batches import job_id_of_order

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True, kw_only=True)
class Executions:
    """Starts executions; what has one already needs no other."""

    client: SFNClient
    state_machine_arn: str

    def start(self, order: str) -> str:
        """Start the execution of a job's order, which is JSON, and answer the job's id; raises OrderMalformed."""
        job_id = job_id_of_order(order)
        # It exists where the message came twice, or the maker sent the request again.
        self._start(job_id, order)
        return job_id

    def exists(self, name: str) -> bool:
        """Whether there is or was an execution of this name."""
        arn = self.state_machine_arn.replace(":stateMachine:", ":execution:") + f":{name}"
        try:
            self.client.describe_execution(executionArn=arn)
        except self.client.exceptions.ExecutionDoesNotExist:
            return False
        return True

    def begin(self, name: str, order: Mapping[str, Any]) -> None:
        """Start the execution of this name."""
        self._start(name, json.dumps(order))

    def _start(self, name: str, order: str) -> None:
        with suppress(self.client.exceptions.ExecutionAlreadyExists):
            self.client.start_execution(stateMachineArn=self.state_machine_arn, name=name, input=order)
