"""Estimates of the deployed service include the work that waits."""

import io
from typing import Any

import pytest
from PIL import Image

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import FrontEnd
from tests.e2e.test_tools import post

JOBS = 5
MUCH: dict[str, Any] = {"count": 8, "steps": 50}
LONG: dict[str, Any] = {"prompt": "red apple", **MUCH}


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


def test_a_quote_includes_the_work_of_earlier_jobs(front_end: FrontEnd) -> None:
    def quote() -> dict[str, int]:
        answer = front_end.call("POST", "/v1/tools/picture/quotes", json=LONG)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    alone = quote()
    job_ids = [front_end.accepted(LONG["prompt"], count=LONG["count"], steps=LONG["steps"]) for _ in range(JOBS)]

    behind = quote()

    for job_id in job_ids:
        front_end.call("POST", f"/v1/jobs/{job_id}/cancel")
    # A job can have been rendered in the meantime, and the speed of the workers can have changed.
    assert behind["estimated_wait_s"] >= (JOBS - 2) * alone["estimated_render_s"] / 2
    assert behind["estimated_total_s"] == behind["estimated_wait_s"] + behind["estimated_render_s"]


def uploaded(front_end: FrontEnd, picture: Image.Image) -> str:
    into = io.BytesIO()
    picture.save(into, "PNG")
    upload_id, _ = post(front_end, into.getvalue(), "image/png")
    return str(front_end.call("POST", f"/v1/uploads/{upload_id}/check").json()["source"])


def test_a_job_that_cannot_end_in_time_is_rejected_and_reserves_nothing(front_end: FrontEnd) -> None:
    before = front_end.balance()
    # So elongated that it is drawn in many parts.
    asked = {"source": uploaded(front_end, Image.new("RGB", (16, 16))), "prompt": "a", "width": 2048, **MUCH}

    for path in ("jobs", "quotes"):
        refused = front_end.call("POST", f"/v1/tools/outpaint/{path}", json=asked)

        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/RenderTooLong")
        assert {error["field"] for error in refused.json()["errors"]} >= {"steps", "width"}
    assert front_end.balance() == before
