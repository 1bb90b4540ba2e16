"""The gallery: what becomes public, for whom, until when, and in which order visitors see it."""

from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.errors import PictureNotFound
from craftspark.gallery.pictures import Picture, author_of, picture_id_of
from craftspark.jobs.job import image_key, thumbnail_key
from tests.aws.api import Answer, answer_of, call, event_of, settle, store, submit
from tests.aws.conftest import GALLERY, GALLERY_RECORDS, IMAGES, client_of

pytestmark = pytest.mark.usefixtures("all_settings")

PUBLICATION = {"title": "Red apple", "tags": ["apple", "autumn fruit"], "licence": "cc-by-4.0"}


def a_job(maker: str = "maker-1", **request: Any) -> str:
    """A job with two stored images, of which the second was not delivered."""
    job_id: str = submit(maker=maker, count=2, **request).body["job_id"]
    store(job_id, 0)
    for key in (image_key(job_id, 0), thumbnail_key(job_id, 0)):
        client_of("s3").put_object(Bucket=IMAGES, Key=key, Body=key.encode())
    settle(job_id)
    return job_id


def publish(job_id: str, index: int = 0, maker: str = "maker-1", **changes: Any) -> Answer:
    path = {"job_id": job_id, "index": str(index)}
    return call("publish_image", maker=maker, path=path, body={**PUBLICATION, **changes})


def visit(function: str, path: dict[str, str] | None = None, /, **query: str) -> Answer:
    """The answer to a visitor without a token."""
    event = event_of(path=path, query=query)
    del event["requestContext"]["authorizer"]
    return answer_of(function, event)


def listed(**query: str) -> list[str]:
    return [picture["picture_id"] for picture in visit("list_pictures", **query).body["pictures"]]


def stored() -> set[str]:
    return {entry["Key"] for entry in client_of("s3").list_objects_v2(Bucket=GALLERY).get("Contents", ())}


def test_everybody_sees_a_published_image_in_each_of_its_lists_until_it_is_taken_back() -> None:
    job_id = a_job()
    published = publish(job_id).body
    picture_id = published["picture_id"]

    lists: list[Any] = [{}, {"tool": "picture"}, {"tag": "Autumn  Fruit"}, {"author": published["author"]}]
    assert [listed(**query) for query in lists] == [[picture_id]] * 4
    assert listed(tool="pattern") == listed(tag="pear") == listed(author="a" * 26) == []
    shown = visit("read_picture", {"picture_id": picture_id}).body
    assert (shown["title"], shown["recipe"]["size"], shown["terms"]["commercial"]) == ("Red apple", "128x128", True)
    assert len(stored()) == 2

    taken_back = call("unpublish_picture", path={"picture_id": picture_id})

    assert taken_back.status == 204
    assert [listed(**query) for query in lists] == [[]] * 4
    assert visit("read_picture", {"picture_id": picture_id}).status == 404
    assert stored() == set()
    left = clients.dynamodb().scan(TableName=GALLERY_RECORDS)["Items"]
    # The profile of the maker, and what leaves the picture out of the snapshots of popular ones.
    assert [item["item"]["S"] for item in left] == ["maker", f"hidden#{picture_id}"]


def test_a_picture_outlasts_its_job() -> None:
    job_id = a_job()
    picture_id = publish(job_id).body["picture_id"]

    call("delete_job", path={"job_id": job_id})

    assert visit("read_picture", {"picture_id": picture_id}).status == 200
    assert len(stored()) == 2


def test_nothing_of_the_maker_is_shown_but_what_was_published() -> None:
    job_id = a_job(prompt="a secret apple")

    answers = [publish(job_id), visit("list_pictures"), visit("read_picture", {"picture_id": picture_id_of(job_id, 0)})]

    for answer in answers:
        assert not any(private in str(answer.body) for private in ("maker-1", job_id, "secret"))
    assert answers[0].body["author"] == author_of("maker-1")


def test_words_are_shown_if_the_maker_shares_them() -> None:
    shared = publish(a_job(prompt="a red apple"), share_words=True).body

    assert shared["words"] == {"prompt": "a red apple"}


@pytest.mark.parametrize(
    ("request_fields", "changes", "field"),
    [
        ({"share_prompt": True}, {"share_words": False}, "share_words"),  # the file has the words
        ({}, {"licence": "cc0-1.0"}, "licence"),  # the model's licence demands credit
        ({}, {"licence": "gpl"}, "licence"),
        ({}, {"title": "x" * 81}, "title"),
        ({}, {"title": "\u2800"}, "title"),
        ({}, {"title": "what the fuck"}, "title"),
        ({}, {"tags": ["apple", "what the fuck"]}, "tags"),
        ({}, {"tags": list("abcdef")}, "tags"),
        ({}, {"tags": ["a|b"]}, "tags.0"),
        ({}, {"tags": ["<b>"]}, "tags.0"),
    ],
)
def test_what_may_not_be_published_is_refused_by_its_field(
    request_fields: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    refused = publish(a_job(**request_fields), **changes)

    named = {refused.body.get("field"), *(each["field"] for each in refused.body.get("errors", ()))}
    assert refused.status == 422
    assert field in named
    assert listed() == []
    assert stored() == set()


def test_only_delivered_images_of_the_caller_can_be_published() -> None:
    running = submit(count=1).body["job_id"]
    mine, deleted = a_job(), a_job()
    call("delete_images", path={"job_id": deleted})

    refusals = [publish(mine, maker="maker-2"), publish(mine, 1), publish(deleted), publish(running)]

    assert [(each.status, each.body["type"].rpartition("/")[2]) for each in refusals] == [
        (404, "JobNotFound"),
        (404, "FilesMissing"),
        (404, "FilesMissing"),
        (409, "JobUnfinished"),
    ]


def test_a_picture_is_taken_back_by_its_maker_alone() -> None:
    picture_id = publish(a_job()).body["picture_id"]

    assert call("unpublish_picture", maker="maker-2", path={"picture_id": picture_id}).status == 404
    assert listed() == [picture_id]


def test_markup_is_text() -> None:
    title = '<script>alert("1")</script>'

    assert publish(a_job(), title=title).body["title"] == title


def test_the_same_publication_again_changes_nothing_and_another_one_is_refused() -> None:
    job_id = a_job()
    first = publish(job_id)
    files = stored()

    assert publish(job_id).body["published_at"] == first.body["published_at"]
    assert publish(job_id, title="Green apple").body["type"] == "/problems/PictureAlreadyPublished"
    assert stored() == files
    assert len(listed()) == 1


def test_files_of_a_new_publication_have_other_urls() -> None:
    job_id = a_job()
    picture_id = publish(job_id).body["picture_id"]
    before = stored()
    call("unpublish_picture", path={"picture_id": picture_id})

    assert publish(job_id).body["picture_id"] == picture_id
    assert stored().isdisjoint(before)


def test_of_two_publications_at_once_one_stays_with_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = a_job()
    others: list[Answer] = []
    monkeypatch.setattr(GalleryTable, "find", _once(GalleryTable.find, lambda: others.append(publish(job_id))))

    late = publish(job_id)

    assert late.status == 201
    assert late.body["published_at"] == others[0].body["published_at"]
    assert len(stored()) == 2


def _once(find: Any, meanwhile: Any) -> Any:
    """`find`, whose first call finds nothing while another request publishes."""
    calls = []

    def find_once(table: GalleryTable, picture_id: str) -> Picture:
        calls.append(picture_id)
        if len(calls) == 1:
            meanwhile()
            raise PictureNotFound("not yet")
        picture: Picture = find(table, picture_id)
        return picture

    return find_once


def test_a_cursor_is_for_its_own_list() -> None:
    for _ in range(2):
        publish(a_job())
    cursor = visit("list_pictures", limit="1").body["next_cursor"]

    assert len(listed(limit="1", cursor=cursor)) == 1
    refused = visit("list_pictures", limit="1", cursor=cursor, tool="picture")
    assert (refused.status, refused.body["field"]) == (422, "cursor")
