"""Executions of the `render-job` state machine, one a job and named by it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True, kw_only=True)
class Executions:
    """Starts executions; a job that has one already needs no other."""

    client: SFNClient
    state_machine_arn: str

    def start(self, order: str) -> str:
        """Start the execution of a job's order, which is JSON, and answer the job's id."""
        job_id: str = json.loads(order)["job_id"]
        # It exists where the message came twice, or the maker sent the request again.
        with suppress(self.client.exceptions.ExecutionAlreadyExists):
            self.client.start_execution(stateMachineArn=self.state_machine_arn, name=job_id, input=order)
        return job_id
