"""The demo submits each job after its source has ended, and reports each job as soon as it has ended."""

import io
import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from rich.console import Console

from craftspark.tools import TOOLS
from local_cloud.demo.api import Api, JobView
from local_cloud.demo.contact_sheet import Cell, Row, draw_tools_strip
from local_cloud.demo.jobs import DEMO_JOBS, DemoJob
from local_cloud.demo.results import write_summary
from local_cloud.demo.run import TIMEOUT_S, run_jobs

APPLES = DemoJob(name="apples", tool="picture", request={"prompt": "red apple"})
VARIED = DemoJob(name="varied", tool="variations", sources=("apples",))


class FakeService:
    """A service behind httpx. A job ends before its second read, except those of the tools in `endless`."""

    def __init__(self, endless: frozenset[str] = frozenset()) -> None:
        self.endless = endless
        self.events: list[str] = []
        self.bodies: dict[str, Any] = {}
        self.keys: list[str | None] = []
        self._reads: dict[str, int] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            tool = request.url.path.split("/")[3]
            self.events.append(f"submitted {tool}")
            self.bodies[tool] = json.loads(request.content)
            self.keys.append(request.headers.get("Idempotency-Key"))
            return httpx.Response(202, json={"job_id": f"{tool}-job", "state": "queued"})
        job_id = request.url.path.rpartition("/")[2]
        self._reads[job_id] = self._reads.get(job_id, 0) + 1
        ends = self._reads[job_id] == 2 and job_id.removesuffix("-job") not in self.endless
        ended = {"state": "succeeded", "finished_at": "2026-11-26T03:00:00Z"} if ends else {}
        return httpx.Response(200, json={"job_id": job_id, "state": "rendering", **ended})


def run(service: FakeService, *demo_jobs: DemoJob, timeout_s: float = TIMEOUT_S) -> dict[str, JobView]:
    with httpx.Client(base_url="http://demo", timeout=60, transport=httpx.MockTransport(service)) as client:
        return run_jobs(
            Api(client),
            demo_jobs,
            lambda demo_job, job: service.events.append(f"{demo_job.name} {job['state']}"),
            console=Console(file=io.StringIO()),
            timeout_s=timeout_s,
        )


def test_a_job_is_submitted_after_its_source_has_ended() -> None:
    service = FakeService()

    jobs = run(service, VARIED, APPLES)

    assert service.events == ["submitted picture", "apples succeeded", "submitted variations", "varied succeeded"]
    assert service.bodies["variations"] == {"source": "picture-job/0"}
    assert set(jobs) == {"apples", "varied"}


def test_jobs_that_do_not_end_are_named_at_the_end_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count(step=4.0)
    monkeypatch.setattr("local_cloud.demo.run.POLL_S", 0)
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    service = FakeService(endless=frozenset({"picture"}))

    with pytest.raises(TimeoutError, match=r"^apples, varied: not ended within 60 s"):
        run(service, APPLES, VARIED, timeout_s=60)


def test_a_job_with_a_key_is_the_same_job_when_it_is_submitted_again() -> None:
    service = FakeService()

    run(service, replace(APPLES, key="apples of the gallery"))

    assert service.keys == ["apples of the gallery"]


def test_the_demo_uses_every_tool_and_each_source_is_one_of_its_jobs() -> None:
    assert {demo_job.tool for demo_job in DEMO_JOBS} == set(TOOLS)
    assert {source for demo_job in DEMO_JOBS for source in demo_job.sources} <= {
        demo_job.name for demo_job in DEMO_JOBS
    }


def test_a_run_without_pictures_has_no_entry_for_the_first_picture(tmp_path: Path) -> None:
    write_summary(tmp_path / "with.json", {}, {}, took_s=30.0, first_picture_s=20.04)
    write_summary(tmp_path / "without.json", {}, {}, took_s=30.0, first_picture_s=None)

    entries = {
        file.stem: {entry["name"]: entry["value"] for entry in json.loads(file.read_text())["entries"]}
        for file in tmp_path.glob("*.json")
    }
    assert entries["with"]["demo_first_picture_seconds"] == 20.0
    assert "demo_first_picture_seconds" not in entries["without"]


def test_the_strip_has_one_picture_for_each_tool(tmp_path: Path) -> None:
    red, green, blue = (Cell(Image.new("RGB", (128, 128), colour)) for colour in ("red", "lime", "blue"))

    draw_tools_strip(
        [Row("Picture", "", [red, green]), Row("Picture", "", [blue]), Row("Upscale", "", [blue])], tmp_path / "s.png"
    )

    with Image.open(tmp_path / "s.png") as strip:
        colours = {colour for _, colour in strip.getcolors(maxcolors=1 << 20) or []}
        assert (0, 255, 0) in colours
        assert (0, 0, 255) in colours
        assert (255, 0, 0) not in colours
        assert strip.width < 3 * 166
