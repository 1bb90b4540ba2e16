"""Task scale-in protection: ECS stops idle workers when a pool needs fewer, and lets busy ones finish."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Protocol

from aws_lambda_powertools import Logger

from craftspark.fleet.scale_in import UNPROTECTED_AFTER_S

# The agent of ECS sets this variable in each container.
AGENT_URI = "ECS_AGENT_URI"
PATH = "/task-protection/v1/state"
AGENT_TIMEOUT_S = 5.0

ROUND_S = 1.0
# A protection that is not renewed ends after this time.
EXPIRES_MIN = 10
RENEW_S = 300.0
# A deployment also waits for protected tasks. So that it ends, a worker that is always busy pauses its protection for
# PAUSE_S after HELD_S. If it is stopped meanwhile, it finishes the wave that fits and returns the rest.
HELD_S = 1800.0
PAUSE_S = 60.0
# After an error, the agent is asked again after this time.
RETRY_S = 30.0

logger = Logger(service="gpu_worker")


class ProtectionRefused(Exception):
    """The agent did not change the protection."""


class Agent(Protocol):
    """Changes the protection of this task."""

    def protect(self, minutes: int | None) -> None:
        """Protect the task for some minutes, or no longer with None."""


class EcsAgent:
    """The agent's endpoint in this container."""

    def __init__(self, uri: str) -> None:
        self._url = uri + PATH

    @classmethod
    def find(cls, environment: Mapping[str, str]) -> EcsAgent | None:
        """The agent, or None outside ECS."""
        uri = environment.get(AGENT_URI)
        return cls(uri) if uri else None

    def protect(self, minutes: int | None) -> None:
        """Raises OSError if the agent cannot be reached, and ProtectionRefused."""
        body = (
            {"ProtectionEnabled": False}
            if minutes is None
            else {"ProtectionEnabled": True, "ExpiresInMinutes": minutes}
        )
        request = urllib.request.Request(  # noqa: S310 - the agent of ECS
            self._url, method="PUT", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=AGENT_TIMEOUT_S) as response:  # noqa: S310 - as above
            answer = json.loads(response.read())
        if "protection" not in answer:
            raise ProtectionRefused(json.dumps(answer)[:500])


class ScaleInProtection:
    """A thread that protects this task while `busy` returns true. Errors are only logged: no job depends on it."""

    def __init__(self, agent: Agent, *, busy: Callable[[], bool], now: Callable[[], float] = time.monotonic) -> None:
        self._agent = agent
        self._busy = busy
        self._now = now
        self._worked_at = self._paused_until = self._retry_at = float("-inf")
        self._held_since: float | None = None
        self._renewed_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="protection", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop. The protection ends with the task."""
        self._stop.set()
        self._thread.join()

    def run_round(self) -> None:
        """Protect the task, renew its protection, or clear it, if it is time for that."""
        now = self._now()
        if self._busy():
            self._worked_at = now
        if now < self._retry_at:
            return
        if self._held_since is None:
            if self._is_needed(now):
                self._protect(now)
        elif not self._is_needed(now):
            self._clear(now)
        elif now - self._held_since >= HELD_S:
            self._clear(now)
            self._paused_until = now + PAUSE_S
        elif now - self._renewed_at >= RENEW_S:
            self._protect(now)

    def _is_needed(self, now: float) -> bool:
        return now - self._worked_at < UNPROTECTED_AFTER_S and now >= self._paused_until

    def _protect(self, now: float) -> None:
        if self._ask(EXPIRES_MIN, now):
            self._held_since = now if self._held_since is None else self._held_since
            self._renewed_at = now

    def _clear(self, now: float) -> None:
        if self._ask(None, now):
            self._held_since = None

    def _ask(self, minutes: int | None, now: float) -> bool:
        try:
            self._agent.protect(minutes)
        except Exception:
            logger.exception("protection not changed", extra={"wanted": minutes is not None})
            self._retry_at = now + RETRY_S
            return False
        return True

    def _run(self) -> None:
        while not self._stop.wait(ROUND_S):
            self.run_round()
