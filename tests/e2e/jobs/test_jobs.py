"""A maker's jobs over HTTP, through the deployed templates, with the real worker and model."""

import io
from typing import Any

import pytest
from PIL import Image

from craftspark.tools import TOOLS
from gpu_tasks.images.credentials import read_credentials
from gpu_tasks.images.provenance import Recipe
from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import HTTP, FrontEnd, states_entered
from tests.e2e.waiting import eventually


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


def test_a_prompt_becomes_pictures_in_at_most_eight_transitions(warm: LocalCloud, front_end: FrontEnd) -> None:
    job = front_end.ended(front_end.accepted("red apple", count=4, steps=8, seed=1))

    assert (job["state"], job["delivered"], job["progress"]) == ("succeeded", 4, 1.0)
    for image in job["images"]:
        png = HTTP.get(image["url"])
        picture = Image.open(io.BytesIO(png.content))
        assert (png.headers["Content-Type"], picture.format, picture.size) == ("image/png", "PNG", (512, 512))
        assert Recipe.read(png.content).seed == image["seed"]
        credentials = read_credentials(png.content, "image/png")
        assert credentials
        assert credentials["state"] == "Valid"
        thumbnail = Image.open(io.BytesIO(HTTP.get(image["thumbnail_url"]).content))
        assert thumbnail.format == "WEBP"
    assert front_end.balance() == (4, 0, 4)
    entered = states_entered(warm, job["job_id"])
    assert entered == [
        "Render every batch",
        "Choose the pool",
        "Hand to the draw pool",
        "Settle the job",
        "Announce the result",
        "Did the job fail?",
        "Job delivered",
    ]
    assert len(entered) <= 8


def without_credentials(png: bytes) -> bytes:
    """The file without its C2PA chunk, because each signature contains random salts."""
    at = png.index(b"caBX") - 4
    return png[:at] + png[at + 12 + int.from_bytes(png[at : at + 4], "big") :]


def test_the_same_request_and_seed_are_the_same_bytes_in_either_lane(warm: LocalCloud, front_end: FrontEnd) -> None:
    jobs = [
        front_end.ended(front_end.accepted("cat face", count=count, steps=4, seed=7, lane=lane))
        for count, lane in ((3, "interactive"), (1, "bulk"))
    ]

    interactive, bulk = (HTTP.get(job["images"][0]["url"]).content for job in jobs)
    assert read_credentials(interactive, "image/png") is not None
    assert without_credentials(interactive) == without_credentials(bulk)
    assert "Hand to the draw pool in bulk" in states_entered(warm, jobs[1]["job_id"])


def test_a_job_of_two_batches_delivers_every_image_once(front_end: FrontEnd) -> None:
    job = front_end.ended(front_end.accepted("red apple", count=8, steps=2, seed=5))

    assert [image["seed"] for image in job["images"]] == list(range(5, 13))
    assert job["delivered"] == 8
    assert front_end.balance() == (8, 0, 8)


def test_jobs_are_listed_newest_first_page_by_page(front_end: FrontEnd) -> None:
    jobs = [front_end.accepted(count=1, steps=1) for _ in range(3)]

    def page(**place: str) -> Any:
        return front_end.call("GET", "/v1/jobs", params={"limit": 2, **place}).json()

    def listed() -> list[str]:
        """The jobs of two pages. The list follows what is written to it later."""
        first = page()
        second = page(cursor=first["next_cursor"]) if "next_cursor" in first else {"jobs": []}
        return [job["job_id"] for job in (*first["jobs"], *second["jobs"])]

    eventually(lambda: listed() == jobs[::-1])


def test_a_deleted_job_is_gone_with_its_pictures(cloud: LocalCloud, front_end: FrontEnd) -> None:
    job_id = front_end.accepted("red apple", count=2, steps=1)
    job = front_end.ended(job_id)
    links = [image[name] for image in job["images"] for name in ("url", "thumbnail_url")]
    assert {HTTP.get(link).status_code for link in links} == {200}

    deleted = front_end.call("DELETE", f"/v1/jobs/{job_id}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert {HTTP.get(link).status_code for link in links} == {404}
    assert front_end.call("GET", f"/v1/jobs/{job_id}").json()["type"] == "/problems/JobNotFound"
    # The list is an index, which follows the table.
    eventually(lambda: front_end.call("GET", "/v1/jobs").json()["jobs"] == [])
    assert front_end.balance() == (2, 0, 2)


def test_tools_are_listed(front_end: FrontEnd) -> None:
    answer = front_end.call("GET", "/v1/tools").json()

    assert [tool["name"] for tool in answer["tools"]] == [*TOOLS]


def test_the_execution_of_a_job_is_named_by_the_job_and_has_no_words(cloud: LocalCloud, front_end: FrontEnd) -> None:
    job_id = front_end.accepted(count=1, steps=1)
    front_end.ended(job_id)

    execution = cloud.client("stepfunctions").describe_execution(executionArn=cloud.execution_arn(job_id))

    assert execution["name"] == job_id
    assert "apple" not in execution["input"]
