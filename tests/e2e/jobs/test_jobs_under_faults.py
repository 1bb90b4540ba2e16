"""Jobs while AWS repeats, delays, throttles and cancels: each ends once, and each picture is charged once."""

import time
import uuid
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx

from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import Fault
from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import HTTP, FrontEnd
from tests.e2e.waiting import eventually

SEED = 11
FAULTS = (
    Fault("duplicate", share=0.3, seed=SEED),
    Fault("delay", share=0.1, seed=SEED),
    Fault("conflict", share=0.1, seed=SEED),
    Fault("throttle", share=0.03, seed=SEED),
)
# What a client sends again: throttled by API Gateway, S3 or a function's account, or a problem that says so.
BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def answer_of(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The first answer that is not a request to come again."""

    def look() -> httpx.Response | None:
        answer = ask()
        if answer.status_code not in BUSY:
            return answer
        time.sleep(0.2)
        return None

    answer = eventually(look)
    assert answer is not None
    return answer


def test_every_job_is_delivered_and_charged_once_while_aws_repeats_delays_and_throttles(
    cloud: LocalCloud, maker: str
) -> None:
    front_end, keys = FrontEnd(cloud, maker), [uuid.uuid4().hex for _ in range(2)]

    def submitted(key: str) -> str:
        answer = answer_of(lambda: front_end.submit(key=key, count=2, steps=1))
        assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
        return str(answer.json()["job_id"])

    def ended(job_id: str) -> dict[str, Any] | None:
        answer = answer_of(lambda: front_end.call("GET", f"/v1/jobs/{job_id}"))
        assert answer.status_code == HTTPStatus.OK, answer.text
        job: dict[str, Any] = answer.json()
        return job if "finished_at" in job else None

    with cloud.under(*FAULTS):
        job_ids = [submitted(key) for key in keys]
        assert [submitted(key) for key in keys] == job_ids
        jobs = [eventually(partial(ended, job_id)) for job_id in job_ids]
        struck = {each["kind"]: each["struck"] for each in FaultSwitch(cloud.endpoint).read()}

    assert [(job["state"], job["delivered"]) for job in jobs if job] == [("succeeded", 2)] * 2
    links = [image["url"] for job in jobs if job for image in job["images"]]
    assert len(set(links)) == 4
    assert {HTTP.get(link).status_code for link in links} == {HTTPStatus.OK}
    assert front_end.balance() == (4, 0, 4)
    assert struck["duplicate"] > 0
    assert struck["delay"] > 0
