"""A fault of AWS that passes ends neither the worker nor a claim, and others are named."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from craftspark.aws import clients
from craftspark.errors.worker import DeviceLost
from craftspark.fleet.interruptions.task_ends import ExitCode
from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.retries import Backoff, Retrier
from gpu_tasks.worker import main
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.wave_queue import Renderer
from tests.aws.worker.gpu_worker import OneTurn, Tokens, counts, launched, send, work
from tests.fakes import FakeRenderer


class Outage:
    """Makes calls of a client fail like after the last retry of botocore. Pauses take no time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.failed: list[str] = []
        self.now = 0.0
        monkeypatch.setattr(
            Retrier,
            "backoff",
            lambda retrier, what: Backoff(
                what=what, max_retry_s=retrier.max_retry_s, pause=self.pause, now=lambda: self.now
            ),
        )

    def pause(self, seconds: float) -> bool:
        self.now += seconds
        return True

    def of(self, client: Any, name: str, times: float, error: Exception | None = None) -> None:
        """Make the next calls of this operation fail."""
        call, left = getattr(client, name), [times]

        def failing(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] >= 0:
                self.failed.append(name)
                raise error or EndpointConnectionError(endpoint_url="http://aws")
            return call(*arguments, **named)

        self.monkeypatch.setattr(client, name, failing)


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    return Outage(monkeypatch)


def workers_client(name: str) -> Any:
    return {"sqs": clients.sqs, "dynamodb": clients.dynamodb, "s3": clients.s3, "stepfunctions": clients.stepfunctions}[
        name
    ]()


@pytest.mark.parametrize(
    ("client", "call"),
    [
        ("sqs", "receive_message"),
        ("dynamodb", "query"),
        ("dynamodb", "update_item"),
        ("dynamodb", "transact_write_items"),
        ("s3", "put_object"),
        ("stepfunctions", "send_task_success"),
        ("sqs", "delete_message"),
    ],
)
@pytest.mark.parametrize("times", [1, 5])
def test_a_passing_fault_of_aws_ends_neither_the_worker_nor_a_claim(
    settings: WorkerSettings, tokens: Tokens, outage: Outage, client: str, call: str, times: int
) -> None:
    send(settings)
    lease = Lease(grace_s=100)
    outage.of(workers_client(client), call, times)

    work(settings, lease, OneTurn(lease, wave_size=2))

    assert outage.failed == [call] * times
    assert tokens.answers == [("token", "succeeded", {"batch": 0, "rendered": [0, 1], "failed": []})]
    assert counts(settings.interactive_queue_url) == (0, 0)


@pytest.mark.parametrize(("client", "call"), [("sqs", "receive_message"), ("dynamodb", "query")])
def test_an_outage_that_lasts_ends_the_worker_by_its_name(
    settings: WorkerSettings, tokens: Tokens, outage: Outage, client: str, call: str
) -> None:
    send(settings)
    outage.of(workers_client(client), call, float("inf"))

    code = main.main(lambda _: FakeRenderer(), settings.to_environment())

    assert code == ExitCode.UNREACHABLE
    assert 250 < outage.now <= 300
    assert tokens.answers == []
    assert sum(counts(settings.interactive_queue_url)) == 1


def test_a_fault_that_is_met_beside_claims_at_hand_does_not_keep_them_waiting(
    settings: WorkerSettings, tokens: Tokens, outage: Outage
) -> None:
    send(settings, token="first")
    lease = Lease(grace_s=100)
    receive, received = clients.sqs().receive_message, list[str]()

    def second_time_fails(**named: Any) -> Any:
        received.append("call")
        if len(received) == 2:
            raise EndpointConnectionError(endpoint_url="http://aws")
        return receive(**named)

    outage.monkeypatch.setattr(clients.sqs(), "receive_message", second_time_fails)

    work(settings, lease, OneTurn(lease, wave_size=8))

    assert [kind for _, kind, _ in tokens.answers] == ["succeeded"]
    assert outage.now == 0.0


def test_a_job_that_cannot_be_read_is_given_back_and_the_next_is_rendered(
    settings: WorkerSettings, tokens: Tokens, outage: Outage
) -> None:
    send(settings)
    lease = Lease(grace_s=100)
    outage.of(clients.dynamodb(), "query", 1, KeyError("an item without its fields"))

    work(settings, lease, OneTurn(lease, wave_size=2))

    assert [kind for _, kind, _ in tokens.answers] == ["succeeded"]


@pytest.mark.parametrize(
    ("client", "call"),
    [("stepfunctions", "send_task_heartbeat"), ("dynamodb", "query"), ("s3", "put_object")],
)
def test_a_launched_task_bears_passing_faults_as_well(
    settings: WorkerSettings, tokens: Tokens, outage: Outage, client: str, call: str
) -> None:
    environment = launched(settings)
    outage.of(workers_client(client), call, 3)

    code = main.main(lambda _: FakeRenderer(), environment)

    assert code == ExitCode.DONE
    assert tokens.answers == [("launched", "succeeded", {"batch": 0, "rendered": [0, 1], "failed": []})]


def test_a_launched_task_that_cannot_read_its_job_says_so_by_name(
    settings: WorkerSettings, tokens: Tokens, outage: Outage
) -> None:
    environment = launched(settings)
    outage.of(clients.dynamodb(), "query", float("inf"))

    assert main.main(lambda _: FakeRenderer(), environment) == ExitCode.UNREACHABLE
    assert [kind for _, kind, _ in tokens.answers] == ["AwsUnreachable"]


def test_a_launched_task_that_does_not_start_says_so_by_name(settings: WorkerSettings, tokens: Tokens) -> None:
    def load(_: WorkerSettings) -> Renderer:
        raise RuntimeError("no driver")

    with pytest.raises(RuntimeError):
        main.main(load, launched(settings))

    assert [kind for _, kind, _ in tokens.answers] == ["WorkerBroken"]


class Lost(OneTurn):
    """Its GPU fails in the first wave."""

    def render(self, wave: Any, on_step: Any) -> Any:
        super().render(wave, on_step)
        raise DeviceLost("an illegal memory access")


def test_a_lost_device_gives_its_claims_back_and_ends_the_worker(settings: WorkerSettings, tokens: Tokens) -> None:
    send(settings)

    code = main.main(lambda _: Lost(Lease(grace_s=1)), settings.to_environment())

    assert code == ExitCode.DEVICE_LOST
    assert tokens.answers == []
    assert counts(settings.interactive_queue_url) == (1, 0)
