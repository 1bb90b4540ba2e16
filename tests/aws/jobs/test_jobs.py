"""A maker's jobs: lists, names, inexpensive polling, and the deletion of images."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from lambdas.wiring.image_links import links
from tests.aws.api import Answer, account, call, read, settle, store, submit
from tests.aws.conftest import IMAGES, client_of

FAR = datetime(2287, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def listed(**query: str) -> list[str]:
    return [job["job_id"] for job in call("list_jobs", query=query).body["jobs"]]


def patch(job_id: str, maker: str = "maker-1", **body: Any) -> Answer:
    return call("change_job", maker=maker, path={"job_id": job_id}, body=body)


def delete_images(job_id: str, maker: str = "maker-1") -> Answer:
    return call("delete_images", maker=maker, path={"job_id": job_id})


def finished(count: int = 2) -> str:
    job_id: str = submit(count=count).body["job_id"]
    store(job_id, *range(count))
    for index in range(count):
        for key in (f"images/{job_id}/{index}.png", f"images/{job_id}/{index}.thumb.webp"):
            client_of("s3").put_object(Bucket=IMAGES, Key=key, Body=b"x")
    settle(job_id)
    return job_id


def test_jobs_are_found_by_tool_state_and_time() -> None:
    picture, clipart = submit(count=1), call("submit_job", path={"tool": "clipart"}, body={"prompt": "a", "count": 1})
    done, waiting = picture.body["job_id"], clipart.body["job_id"]
    store(done, 0)
    settle(done)

    assert listed(tool="clipart") == [waiting]
    assert listed(state="succeeded") == [done]
    assert listed(state="queued", tool="picture") == []
    assert set(listed(since=picture.body["created_at"])) == {done, waiting}
    assert set(listed(until=clipart.body["created_at"])) == {done, waiting}
    assert listed(until="2020-01-01") == []
    assert listed(since="2099-01-01T00:00:00+02:00") == []


def test_filtered_pages_lead_to_every_job() -> None:
    wanted = []
    for number in range(3):
        wanted.append(submit(count=1).body["job_id"])
        settle(wanted[-1])
        other = call("submit_job", path={"tool": "clipart"}, body={"prompt": f"{number}", "count": 1}).body["job_id"]
        settle(other)

    seen, cursor = [], None
    for _ in range(10):
        page = call("list_jobs", query={"limit": "1", "tool": "picture", **({"cursor": cursor} if cursor else {})}).body
        seen += [job["job_id"] for job in page["jobs"]]
        cursor = page.get("next_cursor")
        if not cursor:
            break

    assert seen == wanted[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "lost"}, "state"),
        ({"since": "yesterday"}, "since"),
        ({"until": "x"}, "until"),
        ({"since": "2030-01-02", "until": "2030-01-01"}, "until"),
        ({"tool": "x"}, "tool"),
    ],
)
def test_an_invalid_filter_is_rejected(query: dict[str, str], field: str) -> None:
    assert call("list_jobs", query=query).body["field"] == field


def test_a_cursor_works_with_a_different_filter() -> None:
    first, second = (submit(count=1).body for _ in range(2))
    cursor = call("list_jobs", query={"limit": "1"}).body["next_cursor"]

    assert listed(cursor=cursor, since="2099-01-01") == []
    assert listed(cursor=cursor, until=first["created_at"]) in ([], [first["job_id"]])
    assert listed(cursor=cursor, until="2001-01-01") == []
    assert second["job_id"] not in listed(cursor=cursor)


def test_a_title_can_be_set_and_removed() -> None:
    job_id = submit(count=1).body["job_id"]

    assert patch(job_id, title=" Apples ").body["title"] == "Apples"
    assert read(job_id).body["title"] == "Apples"
    assert "title" not in patch(job_id, title="").body


@pytest.mark.parametrize(
    ("body", "field"), [({}, "title"), ({"title": "x" * 201}, "title"), ({"title": "a", "state": "failed"}, "state")]
)
def test_nothing_but_a_title_can_be_changed(body: dict[str, Any], field: str) -> None:
    refused = patch(submit(count=1).body["job_id"], **body)

    assert (refused.status, refused.body["field"]) == (422, field)


def test_another_maker_s_job_can_be_neither_renamed_nor_emptied() -> None:
    job_id = finished()

    for answer in (patch(job_id, "maker-2", title="mine"), delete_images(job_id, "maker-2")):
        assert (answer.status, answer.body["type"]) == (404, "/problems/JobNotFound")
    assert read(job_id).body["images"][0]["state"] == "done"


def test_deleted_images_are_removed_and_stay_charged() -> None:
    job_id = finished()

    for _ in range(2):
        assert delete_images(job_id).status == 200
    images = read(job_id).body["images"]

    assert [image["state"] for image in images] == ["deleted", "deleted"]
    assert "url" not in images[0]
    with pytest.raises(ClientError):
        client_of("s3").head_object(Bucket=IMAGES, Key=f"images/{job_id}/0.png")
    assert account()["spent"] == 2
    refused = call("submit_job", path={"tool": "upscale"}, body={"source": f"{job_id}/0"})
    assert refused.body["field"] == "source"


def test_images_of_a_job_in_progress_cannot_be_deleted() -> None:
    refused = delete_images(submit(count=1).body["job_id"])

    assert (refused.status, refused.body["type"]) == (409, "/problems/JobUnfinished")


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("{tag}", 304),
        ('{tag}, "b"', 304),
        ('"a" , W/"b",{tag}', 304),
        ("{strong}", 304),  # a proxy can make a tag strong; tags are compared weakly
        ("*", 304),
        ('"a"', 200),
        ("", 200),
        ("{tag} {tag}", 200),
        (" , {tag} ,,", 304),  # empty elements of a list have no meaning
        ("a,{tag}", 200),
        ("{tag},a", 200),
        ('"' * 5000, 200),
        ('"a",' * 5000, 200),
    ],
)
def test_if_none_match_may_be_a_list(header: str, status: int) -> None:
    job_id = submit(count=2).body["job_id"]
    tag = read(job_id).headers["ETag"]
    asked = header.format(tag=tag, strong=tag.removeprefix("W/"))

    assert call("read_job", path={"job_id": job_id}, headers={"if-none-match": asked}).status == status


def test_links_stay_the_same_for_a_while_and_the_etag_changes_when_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = finished()
    moment = datetime(2030, 1, 1, 12, 0, 1, tzinfo=UTC)
    presigner = replace(links(), now=lambda: moment)
    monkeypatch.setattr("lambdas.read_job.handler.links", lambda: presigner)
    half = timedelta(seconds=presigner.lifetime_s // 2)

    def seen(at: timedelta) -> tuple[str, str]:
        nonlocal moment
        moment = datetime(2030, 1, 1, 12, 0, 1, tzinfo=UTC) + at
        answer = read(job_id)
        return answer.headers["ETag"], answer.body["images"][0]["url"]

    first, again, later = seen(timedelta()), seen(half - timedelta(seconds=2)), seen(half)
    renewed_client = boto3.client("s3", aws_access_key_id="renewed", aws_secret_access_key="test")
    presigner = replace(presigner, client=renewed_client)
    renewed = seen(half)

    assert first == again
    assert len({tag for tag, _ in (first, later, renewed)}) == len({url for _, url in (first, later, renewed)}) == 3


def test_the_list_shows_thumbnails_of_jobs_that_ended() -> None:
    unfinished, done, emptied = submit(count=1).body["job_id"], finished(), finished()
    delete_images(emptied)

    listed = {job["job_id"]: job["thumbnail_urls"] for job in call("list_jobs").body["jobs"]}

    assert listed[unfinished] == listed[emptied] == []
    assert [urlsplit(url).path.partition("/images/")[2] for url in listed[done]] == [
        f"{done}/{index}.thumb.webp" for index in range(2)
    ]


def test_a_poll_without_changes_returns_304_without_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = submit(count=2).body["job_id"]
    first = read(job_id)
    tag = first.headers["ETag"]

    again = call("read_job", path={"job_id": job_id}, headers={"if-none-match": tag})
    store(job_id, 0)
    changed = call("read_job", path={"job_id": job_id}, headers={"if-none-match": tag})
    monkeypatch.setattr("lambdas.read_job.handler.links", lambda: replace(links(), now=lambda: FAR))
    later = call("read_job", path={"job_id": job_id}, headers={"if-none-match": changed.headers["ETag"]})

    assert (again.status, again.body) == (304, None)
    assert 1 <= int(again.headers["Retry-After"]) <= 30
    assert changed.status == 200
    assert later.status == 200  # the links would expire
