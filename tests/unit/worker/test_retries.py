"""Transient errors of AWS are retried with growing pauses up to a limit, on a fake clock."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from craftspark.aws.faults import AWS_ERRORS, is_transient
from craftspark.aws.orchestration.executions import refuse_transient
from craftspark.errors import Contended
from craftspark.errors.worker import AwsUnreachable
from craftspark.jobs.starting import StartRefused
from gpu_tasks.retries import MAX_PAUSE_S, MIN_PAUSE_S, Backoff, Retrier

MAX_RETRY_S = 300.0


class Clock:
    """A clock that advances only during pauses."""

    def __init__(self, time_left_s: float = float("inf")) -> None:
        self.now, self.pauses, self._ends = 0.0, list[float](), time_left_s

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return self.now < self._ends


class Faulty:
    """Fails the first `times` calls. Later calls return."""

    def __init__(self, times: float, error: Exception) -> None:
        self.calls, self._times, self._error = 0, times, error

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._times:
            raise self._error
        return "answer"


def refused(code: str, status: int | None) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}}
    if status is not None:
        response["ResponseMetadata"] = {"HTTPStatusCode": status}
    return ClientError(response, "Operation")


TRANSIENT = [
    refused("InternalError", 500),
    refused("ServiceUnavailable", 503),
    refused("ServiceUnavailable", None),
    refused("ThrottlingException", 400),
    refused("SlowDown", 503),
    refused("ExpiredTokenException", 400),
    refused("ExecutionLimitExceeded", 400),
    refused("KmsThrottlingException", 400),
    refused("TransactionConflictException", 400),
    refused("Anything", 429),
    EndpointConnectionError(endpoint_url="http://aws"),
    ConnectTimeoutError(endpoint_url="http://aws"),
    ReadTimeoutError(endpoint_url="http://aws"),
    ConnectionResetError(),
    Contended("busy"),
]
PERMANENT = [
    refused("AccessDenied", 403),
    refused("NoSuchBucket", 404),
    refused("ValidationException", 400),
    ParamValidationError(report="a field"),
    RuntimeError("ours"),
    KeyError("ours"),
]


def a_retrier(clock: Clock) -> Retrier:
    return Retrier(max_retry_s=MAX_RETRY_S, pause=clock.pause, now=clock)


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_a_transient_error_is_retried(error: Exception) -> None:
    call = Faulty(3, error)

    assert is_transient(error)
    assert a_retrier(Clock()).call("call", call) == "answer"
    assert call.calls == 4


@pytest.mark.parametrize("error", PERMANENT, ids=repr)
def test_a_permanent_error_is_raised_immediately(error: Exception) -> None:
    call = Faulty(1, error)

    with pytest.raises(type(error)):
        a_retrier(Clock()).call("call", call)
    assert call.calls == 1


@pytest.mark.parametrize("error", [*TRANSIENT, *PERMANENT], ids=repr)
def test_only_a_transient_error_of_aws_refuses_a_start(error: Exception) -> None:
    refused = isinstance(error, AWS_ERRORS) and is_transient(error)

    with pytest.raises(StartRefused if refused else type(error)), refuse_transient():
        raise error


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_pauses_double_up_to_the_longest_and_are_jittered(jitter: float) -> None:
    clock = Clock()
    backoff = Backoff(what="call", max_retry_s=MAX_RETRY_S, pause=clock.pause, now=clock, jitter=lambda: jitter)

    for _ in range(10):
        backoff.wait(ConnectionError())

    wanted = [min(MAX_PAUSE_S, MIN_PAUSE_S * 2**n) * (0.5 + jitter / 2) for n in range(10)]
    assert clock.pauses == wanted


def test_a_lasting_outage_raises_a_named_error_within_the_time_limit() -> None:
    clock, call = Clock(), Faulty(float("inf"), ConnectionError())

    with pytest.raises(AwsUnreachable, match="call: no success in"):
        a_retrier(clock).call("call", call)

    assert MAX_RETRY_S - MAX_PAUSE_S <= clock.now <= MAX_RETRY_S


def test_the_time_limit_starts_at_the_first_error_of_an_outage() -> None:
    clock = Clock()
    backoff = a_retrier(clock).backoff("call")
    for _ in range(20):
        backoff.wait(ConnectionError())
        clock.now += MAX_RETRY_S - MAX_PAUSE_S
        backoff.reset()
    assert clock.pauses[-1] <= MIN_PAUSE_S


def test_no_attempt_starts_that_cannot_finish_before_the_interruption() -> None:
    call = Faulty(float("inf"), ConnectionError())

    with pytest.raises(AwsUnreachable):
        a_retrier(Clock(time_left_s=1.0)).call("call", call)

    assert call.calls <= 3
