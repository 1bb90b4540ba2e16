"""Estimates of the deployed service include the work that waits."""

from typing import Any

import pytest

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import FrontEnd

JOBS = 5
# Together, they are less work than a plan admits, also by the speed of a slow machine.
LONG: dict[str, Any] = {"prompt": "red apple", "count": 8, "steps": 12}


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


def test_a_quote_includes_the_work_of_earlier_jobs(front_end: FrontEnd) -> None:
    def quote() -> dict[str, int]:
        answer = front_end.call("POST", "/v1/tools/picture/quotes", json=LONG)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    alone, job_ids = quote(), []
    try:
        for _ in range(JOBS):
            job_ids.append(front_end.accepted(LONG["prompt"], count=LONG["count"], steps=LONG["steps"]))
        behind = quote()
        waited = sum("finished_at" not in front_end.read(job_id) for job_id in job_ids)
    finally:
        for job_id in job_ids:
            front_end.call("POST", f"/v1/jobs/{job_id}/cancel")

    # One of them can have been almost complete at the time of the quote, and the speed of the workers can have changed.
    assert behind["estimated_wait_s"] >= (waited - 1) * alone["estimated_render_s"] / 2
    assert behind["estimated_total_s"] == behind["estimated_wait_s"] + behind["estimated_render_s"]
