"""Calls beyond the rate of their quota are refused, or wait."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from local_cloud.emulator.quotas.throttles import QuotaThrottles, with_quota_throttles
from tests.clock import Clock

PUT_EVENTS = "events:PutEvents"


class Served:
    """An application that counts its requests, behind the throttles. It can be sent requests."""

    def __init__(self, clock: Clock) -> None:
        self.count = 0
        self._app = with_quota_throttles(self._serve, QuotaThrottles(clock))

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        self.count += 1

    def ask(self, kind: str = "http", path: str = "/", **headers: str) -> list[Mapping[str, Any]]:
        """What the throttles send. Nothing is the application's answer."""
        sent: list[Mapping[str, Any]] = []

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope: Any = {"type": kind, "path": path, "headers": encoded}
        asyncio.run(self._app(scope, None, send))  # type: ignore[arg-type]
        return sent

    def first_refusal(self, **request: str) -> list[Mapping[str, Any]]:
        while not (refused := self.ask(**request)):
            pass
        return refused


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Served:
    return Served(clock)


@pytest.mark.parametrize(
    ("target", "taken"),
    [
        ("AWSStepFunctions.DescribeExecution", 300),
        ("AWSStepFunctions.StartExecution", 1_300),
        ("AmazonEC2ContainerServiceV20141113.RunTask", 100),
    ],
)
def test_a_service_refuses_by_name_what_is_beyond_the_burst(served: Served, target: str, taken: int) -> None:
    start, body = served.first_refusal(x_amz_target=target)

    assert served.count == taken
    assert (start["type"], start["status"]) == ("http.response.start", 400)
    assert json.loads(body["body"]) == {"__type": "ThrottlingException", "message": "Rate exceeded"}
    assert served.ask(x_amz_target="AWSStepFunctions.ListExecutions") == []


def test_calls_are_taken_again_at_the_rate(served: Served, clock: Clock) -> None:
    describe = {"x_amz_target": "AWSStepFunctions.DescribeExecution"}
    served.first_refusal(**describe)

    clock.wait(2)
    served.count = 0
    served.first_refusal(**describe)

    assert served.count == 30


def test_each_region_has_its_own_quotas(served: Served) -> None:
    describe = {"x_amz_target": "AWSStepFunctions.DescribeExecution"}
    served.first_refusal(**describe)
    elsewhere = "AWS4-HMAC-SHA256 Credential=AKIA/20261127/eu-west-1/states/aws4_request, SignedHeaders=host"

    assert served.ask(**describe) != []
    assert served.ask(**describe, authorization=elsewhere) == []


def test_an_api_answers_429_beyond_its_rate(served: Served) -> None:
    start, body = served.first_refusal(path="/_aws/execute-api/api/$default/v1/jobs")

    assert served.count == 5_000
    assert start["status"] == 429
    assert json.loads(body["body"]) == {"message": "Too Many Requests"}


def test_a_connection_is_refused_beyond_the_rate(served: Served) -> None:
    start, _ = served.first_refusal(kind="websocket")

    assert served.count == 500
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 429)


def test_a_transition_waits_for_its_turn(clock: Clock) -> None:
    throttles = QuotaThrottles(clock)

    waits = [throttles.wait_s("states:StateTransition") for _ in range(5_500)]

    assert set(waits[:5_000]) == {0}
    assert waits[-1] == pytest.approx(0.1)
