"""A worker is protected from scale-in while it works, with few calls, and so that a deployment can still end."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from craftspark.fleet.scale_in import UNPROTECTED_AFTER_S
from gpu_tasks.worker.scale_in_protection import (
    EXPIRES_MIN,
    HELD_S,
    PAUSE_S,
    RENEW_S,
    RETRY_S,
    EcsAgent,
    ProtectionRefused,
    ScaleInProtection,
)
from simulation.supply import Supply


class Scene:
    """A clock, a worker that is busy or not, and the calls of the agent."""

    def __init__(self) -> None:
        self.now = 0.0
        self.busy = False
        self.broken = False
        self.calls: list[tuple[float, int | None]] = []
        self.protection = ScaleInProtection(self, busy=lambda: self.busy, now=lambda: self.now)

    def protect(self, minutes: int | None) -> None:
        self.calls.append((self.now, minutes))
        if self.broken:
            raise OSError("no agent")

    def work(self, seconds: int, *, busy: bool) -> None:
        self.busy = busy
        for _ in range(seconds):
            self.protection.run_round()
            self.now += 1


def test_a_busy_worker_is_protected_and_an_idle_one_is_not() -> None:
    scene = Scene()

    scene.work(5, busy=False)
    scene.work(100, busy=True)
    scene.work(100, busy=False)

    assert scene.calls == [(5, EXPIRES_MIN), (104 + UNPROTECTED_AFTER_S, None)]


def test_short_pauses_between_jobs_need_no_calls() -> None:
    scene = Scene()

    for _ in range(20):
        scene.work(1, busy=True)
        scene.work(int(UNPROTECTED_AFTER_S) - 1, busy=False)

    assert len(scene.calls) == 1


def test_an_idle_worker_can_be_stopped_as_soon_as_the_simulation_assumes() -> None:
    scene = Scene()

    scene.work(10, busy=True)
    worked_until = scene.now
    scene.work(100, busy=False)

    assert scene.calls[-1][1] is None
    assert scene.calls[-1][0] - worked_until <= Supply().unprotect_s


def test_a_protection_is_renewed_long_before_it_expires() -> None:
    scene = Scene()

    scene.work(int(3 * RENEW_S), busy=True)

    assert scene.calls == [(number * RENEW_S, EXPIRES_MIN) for number in range(3)]
    assert RENEW_S <= EXPIRES_MIN * 60 / 2


def test_a_worker_that_is_always_busy_lets_a_deployment_replace_it() -> None:
    scene = Scene()

    scene.work(int(HELD_S + PAUSE_S) + 1, busy=True)

    assert scene.calls[-2:] == [(HELD_S, None), (HELD_S + PAUSE_S, EXPIRES_MIN)]


def test_errors_are_repeated_seldom_and_do_not_end_the_worker() -> None:
    scene = Scene()
    scene.broken = True

    scene.work(int(2 * RETRY_S), busy=True)
    scene.broken = False
    scene.work(1, busy=True)

    assert [at for at, _ in scene.calls] == [0, RETRY_S, 2 * RETRY_S]


class FakeAgent(BaseHTTPRequestHandler):
    answer: dict[str, Any]
    asked: list[tuple[str, dict[str, Any]]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked.append((self.path, json.loads(body)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(type(self).answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def agent() -> Iterator[str]:
    FakeAgent.answer, FakeAgent.asked = {"protection": {}}, []
    with HTTPServer(("127.0.0.1", 0), FakeAgent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/task"
        server.shutdown()
        thread.join()


def test_the_agent_gets_the_request_that_ecs_documents(agent: str) -> None:
    found = EcsAgent.find({"ECS_AGENT_URI": agent})

    assert found
    found.protect(10)
    found.protect(None)

    path = "/api/task/task-protection/v1/state"
    assert FakeAgent.asked == [
        (path, {"ProtectionEnabled": True, "ExpiresInMinutes": 10}),
        (path, {"ProtectionEnabled": False}),
    ]


def test_a_refusal_of_the_agent_is_an_error(agent: str) -> None:
    FakeAgent.answer = {"failure": {"Reason": "TASK_NOT_VALID"}}

    with pytest.raises(ProtectionRefused, match="TASK_NOT_VALID"):
        EcsAgent(agent).protect(10)


def test_outside_ecs_there_is_no_agent() -> None:
    assert EcsAgent.find({}) is None
