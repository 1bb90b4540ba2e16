"""A deleted job: its words and files are deleted, its credits do not change, and its key starts no other job."""

import json
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.jobs.images import FilesLeft, ImageBucket
from craftspark.aws.jobs.render_table import JobEnded
from craftspark.errors import JobNotFound
from craftspark.jobs.job import StoredImage
from tests.aws.api import Answer, account, call, job_table, read, render_table, settle, store, submit
from tests.aws.conftest import ACCOUNTS, IMAGES, JOBS, client_of
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")
WORDS = "a hedgehog in wellingtons"
FILES = ("0.png", "0.thumb.webp", "0/cut.svg", "1.png", "1.thumb.webp", "7.png")  # no table has the last one


def delete(job_id: str, maker: str = "maker-1") -> Answer:
    return call("delete_job", maker=maker, path={"job_id": job_id})


def finished(key: str | None = None) -> str:
    job_id: str = submit(WORDS, key=key, count=2).body["job_id"]
    store(job_id, 0, 1)
    settle(job_id)
    call("change_job", path={"job_id": job_id}, body={"title": WORDS})
    put(job_id)
    return job_id


def put(job_id: str) -> None:
    for name in FILES:
        client_of("s3").put_object(Bucket=IMAGES, Key=f"images/{job_id}/{name}", Body=b"x")


def files() -> list[str]:
    found: Any = client_of("s3").list_objects_v2(Bucket=IMAGES)
    return [entry["Key"] for entry in found.get("Contents", [])]


def test_deletion_removes_words_and_files_and_keeps_credits() -> None:
    job_id, other = finished(), finished()
    before, ledger = account(), call("list_ledger").body

    answer = delete(job_id)

    assert (answer.status, answer.body) == (204, None)
    assert files() == sorted(f"images/{other}/{name}" for name in FILES)
    left = [item for item in clients.dynamodb().scan(TableName=JOBS)["Items"] if item["job_id"]["S"] == job_id]
    assert "hedgehog" not in json.dumps(left)
    assert "hedgehog" not in json.dumps(clients.dynamodb().scan(TableName=ACCOUNTS)["Items"])
    assert (account(), call("list_ledger").body) == (before, ledger)


@pytest.mark.parametrize("function", ["read_job", "change_job", "cancel_job", "delete_images", "delete_job"])
def test_no_route_finds_a_deleted_job(function: str) -> None:
    job_id = finished()
    delete(job_id)

    answer = call(function, path={"job_id": job_id}, body={"title": "t"} if function == "change_job" else None)

    assert (answer.status, answer.body["type"]) == (404, "/problems/JobNotFound")
    assert answer.body["detail"] == call(function, path={"job_id": "b" * 26}, body={"title": "t"}).body[
        "detail"
    ].replace("b" * 26, job_id)


def test_a_deleted_job_is_in_no_list_and_its_images_are_no_source() -> None:
    gone, there = finished(), finished()
    delete(gone)

    assert [job["job_id"] for job in call("list_jobs").body["jobs"]] == [there]
    assert [job["job_id"] for job in call("list_jobs", query={"state": "succeeded"}).body["jobs"]] == [there]
    refused = call("submit_job", path={"tool": "upscale"}, body={"source": f"{gone}/0"})
    assert (refused.status, refused.body["field"]) == (422, "source")


def test_the_key_of_a_deleted_job_cannot_be_reused() -> None:
    job_id = finished(key="k")
    delete(job_id)

    for again in (submit(WORDS, key="k", count=2), submit("other words", key="k", count=1)):
        assert (again.status, again.body["type"]) == (409, "/problems/IdempotencyKeyReused")
    assert account()["reserved"] == 0
    assert read(job_id).status == 404


def test_a_job_in_progress_is_cancelled_first() -> None:
    job_id = submit(count=1).body["job_id"]
    put(job_id)

    refused = delete(job_id)

    assert (refused.status, refused.body["type"]) == (409, "/problems/JobUnfinished")
    assert "/cancel" in refused.body["detail"]
    assert len(files()) == len(FILES)
    assert call("cancel_job", path={"job_id": job_id}).status == 200
    assert delete(job_id).status == 204
    assert (account()["reserved"], account()["active_jobs"], files()) == (0, 0, [])


def test_another_maker_s_job_cannot_be_deleted() -> None:
    job_id = finished()

    assert delete(job_id, "maker-2").status == 404
    assert read(job_id).status == 200
    assert len(files()) == len(FILES)


def test_a_second_request_deletes_what_the_first_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is hidden and its words are deleted before the first file. A second request deletes the rest."""
    job_id = finished()
    broken = ImageBucket.drop_all

    def part(*_: Any) -> int:
        raise FilesLeft("1 of 6 files were not deleted")

    monkeypatch.setattr(ImageBucket, "drop_all", part)
    with pytest.raises(FilesLeft):
        delete(job_id)
    assert (read(job_id).status, len(files())) == (404, len(FILES))
    monkeypatch.setattr(ImageBucket, "drop_all", broken)

    assert delete(job_id).status == 204
    assert files() == []
    assert delete(job_id).status == 404


def test_an_object_that_s3_did_not_delete_fails_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    client = clients.s3()
    monkeypatch.setattr(client, "delete_objects", lambda **_: {"Errors": [{"Key": "k", "Code": "InternalError"}]})

    with pytest.raises(FilesLeft, match="InternalError"):
        delete(finished())


def test_an_execution_that_settles_after_the_deletion_finds_its_figures() -> None:
    """A cancelled job may be deleted while its execution still runs."""
    job_id = submit(count=2).body["job_id"]
    store(job_id, 0)
    call("cancel_job", path={"job_id": job_id})
    delete(job_id)

    job = settle(job_id)

    assert (job.state, job.delivered, job.count, job.maker) == ("cancelled", 1, 2, "maker-1")
    assert (account()["spent"], account()["reserved"]) == (1, 0)


def test_a_late_worker_stores_nothing() -> None:
    job_id = submit(count=2).body["job_id"]
    record = render_table().start(job_id)
    call("cancel_job", path={"job_id": job_id})
    delete(job_id)

    image = StoredImage(index=1, width=1, height=1, render_s=0, stored_at=NOON, seed=1)
    with pytest.raises(JobEnded):
        render_table().add(record.job, image)
    with pytest.raises(JobNotFound):
        render_table().start(job_id)
    assert job_table().read_any(job_id).images == {}
