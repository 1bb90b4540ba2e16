"""Responses to a state machine that waits with a task token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.contracts import Contract
from craftspark.errors import CraftsparkError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# The limit of Step Functions for the cause of SendTaskFailure, in characters.
CAUSE_LIMIT = 32_768


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One task token. Only its first response counts. Each method returns whether the state machine still waited."""

    client: SFNClient
    token: str

    def heartbeat(self) -> bool:
        try:
            self.client.send_task_heartbeat(taskToken=self.token)
        except self._not_waiting:
            return False
        return True

    def succeed(self, result: Contract) -> bool:
        try:
            self.client.send_task_success(taskToken=self.token, output=result.to_text())
        except self._not_waiting:
            return False
        return True

    def fail(self, error: CraftsparkError) -> bool:
        try:
            self.client.send_task_failure(taskToken=self.token, error=error.name, cause=error.detail[:CAUSE_LIMIT])
        except self._not_waiting:
            return False
        return True

    @property
    def _not_waiting(self) -> tuple[type[Exception], ...]:
        known = self.client.exceptions
        return (known.TaskTimedOut, known.TaskDoesNotExist, known.InvalidToken)


@dataclass(frozen=True, kw_only=True)
class PausedWorkflows:
    """Executions that wait for a callback with a stored task token."""

    client: SFNClient

    def resume(self, token: str, result: Contract) -> bool:
        """Send the result. Returns whether an execution still waited. An empty token belongs to no execution."""
        return bool(token) and Callback(client=self.client, token=token).succeed(result)


@dataclass(frozen=True, kw_only=True)
class WaitingTasks:
    """Executions that wait for a task that a state machine launched."""

    client: SFNClient

    def fail(self, token: str, error: CraftsparkError) -> bool:
        """Fail the state that waits with the token. Returns False if the token was answered or its time is over."""
        return Callback(client=self.client, token=token).fail(error)
