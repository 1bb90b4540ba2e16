"""Answers to a state machine that waits with a task token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from craftspark.errors import CraftsparkError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Limits of Step Functions on SendTaskFailure, in characters.
CAUSE_LIMIT = 32_768


class Result(Protocol):
    """What a task answers with."""

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One token. Its first answer counts; each method tells whether anybody still waited for one."""

    client: SFNClient
    token: str

    def heartbeat(self) -> bool:
        try:
            self.client.send_task_heartbeat(taskToken=self.token)
        except self._nobody_waits:
            return False
        return True

    def succeed(self, result: Result) -> bool:
        try:
            self.client.send_task_success(taskToken=self.token, output=json.dumps(result.to_json()))
        except self._nobody_waits:
            return False
        return True

    def fail(self, error: CraftsparkError) -> bool:
        try:
            self.client.send_task_failure(taskToken=self.token, error=error.name, cause=error.detail[:CAUSE_LIMIT])
        except self._nobody_waits:
            return False
        return True

    @property
    def _nobody_waits(self) -> tuple[type[Exception], ...]:
        known = self.client.exceptions
        return (known.TaskTimedOut, known.TaskDoesNotExist, known.InvalidToken)


@dataclass(frozen=True, kw_only=True)
class Waiters:
    """Whoever waits with a token that was kept."""

    client: SFNClient

    def answer(self, token: str, result: Mapping[str, Any]) -> bool:
        """Whether anybody still waited; an empty token is nobody's."""
        return bool(token) and Callback(client=self.client, token=token).succeed(JsonResult(dict(result)))


@dataclass(frozen=True)
class JsonResult:
    """A result that is JSON already."""

    value: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return self.value
