"""Search in the gallery: what is found, in which order, and what is not."""

import io
import json
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.index_filling import FillingProgress
from craftspark.gallery.filling import DONE
from craftspark.jobs.job import thumbnail_key
from craftspark.likeness.files import ENCODERS
from lambdas.wiring import indexing, search
from tests.aws.api import call
from tests.aws.conftest import GALLERY_RECORDS, IMAGES, client_of
from tests.aws.gallery.test_gallery import a_job, publish, visit
from tests.aws.gallery.vectors import INDEX_ARNS, FakeVectors

pytestmark = pytest.mark.usefixtures("all_settings")

LONG_CONTEXT = SimpleNamespace(
    function_name="index",
    memory_limit_in_mb=128,
    invoked_function_arn="arn",
    aws_request_id="id",
    get_remaining_time_in_millis=lambda: 60_000,
)


@cache
def webp(colour: str) -> bytes:
    Image.new("RGBA", (96, 64), colour).save(file := io.BytesIO(), format="webp")
    return file.getvalue()


def show(title: str, *tags: str, colour: str = "white", **changes: Any) -> str:
    """Publish a picture that the search does not know yet. Returns its ID."""
    job_id = a_job(**changes.pop("request", {}))
    client_of("s3").put_object(Bucket=IMAGES, Key=thumbnail_key(job_id, 0), Body=webp(colour))
    return str(publish(job_id, title=title, tags=list(tags), **changes).body["picture_id"])


def index(*picture_ids: str) -> Any:
    """Send events about pictures to the function that indexes them. Returns the messages that failed."""
    records = [
        {"messageId": picture_id, "body": json.dumps({"detail": {"picture_id": picture_id, "folder": "any"}})}
        for picture_id in picture_ids
    ]
    return run("index_pictures", {"Records": records})["batchItemFailures"]


def run(function: str, event: dict[str, Any]) -> Any:
    search.search.cache_clear()
    indexing.indexing.cache_clear()
    handler = import_module(f"lambdas.{function}.handler")
    getattr(getattr(handler, "filling", None), "cache_clear", lambda: None)()
    return handler.handler(event, LONG_CONTEXT)


def found(**query: str) -> list[str]:
    return [picture["picture_id"] for picture in visit("search_pictures", **query).body["pictures"]]


def refused(**query: str) -> tuple[int, str | None]:
    answer = visit("search_pictures", **query)
    return answer.status, answer.body.get("field")


def test_pictures_are_found_by_what_they_show() -> None:
    owl, apple, truck = (show(title) for title in ("owl", "red apple", "delivery truck"))
    assert index(owl, apple, truck) == []

    assert found(words="an owl")[0] == owl
    assert found(words="lorry")[0] == truck
    assert found(words="a cute apple for the kitchen", limit="1") == [apple]
    card = visit("search_pictures", words="owl", limit="1").body["pictures"][0]
    [listed] = [each for each in visit("list_pictures").body["pictures"] if each["picture_id"] == owl]
    assert {**card, "thumbnail_url": ""} == {**listed, "thumbnail_url": ""}


def test_shared_words_are_what_is_said_about_a_picture_and_private_ones_are_not() -> None:
    private = show("untitled", request={"prompt": "delivery truck"})
    shared = show("untitled", request={"prompt": "delivery truck"}, share_words=True)
    other = show("owl")
    index(private, shared, other)

    assert found(words="delivery truck")[0] == shared


def test_pictures_with_exactly_that_tag_come_first() -> None:
    named = show("owl")
    tagged = show("delivery truck", "owl", "street")
    index(named, tagged)

    assert found(words="  OWL ") == [tagged, named]
    assert found(words="owl!") == [named, tagged]  # no tag can be like that


@pytest.mark.parametrize("words", ["owls", "barn owl", "OWL?", "a picture of an owll", "barn-owl", "owl xyzzy"])
def test_pictures_fit_words_that_mean_what_they_show(words: str) -> None:
    truck, owl = show("delivery truck"), show("owl")
    index(truck, owl)

    answer = visit("search_pictures", words=words).body

    assert [picture["picture_id"] for picture in answer["pictures"]] == [owl, truck]
    assert answer["fitting"] == 1


@pytest.mark.parametrize("words", ["xyzzy", "qwertz", "lorem ipsum", "saxophone", "democracy"])
def test_nothing_fits_words_that_no_picture_shows_or_that_are_none(words: str) -> None:
    index(show("pizza"), show("rainbow"), show("guitar"))

    answer = visit("search_pictures", words=words).body

    assert (len(answer["pictures"]), answer["fitting"]) == (3, 0)


def test_a_search_says_how_many_of_its_pictures_fit() -> None:
    owl, gone, truck = show("owl"), show("owl"), show("delivery truck")
    tagged = show("untitled", "tax return", request={"prompt": "lemon"}, share_words=True)
    index(owl, gone, truck, tagged)
    call("unpublish_picture", path={"picture_id": gone})

    def fitting(**query: str) -> set[str]:
        answer = visit("search_pictures", **query).body
        return {picture["picture_id"] for picture in answer["pictures"][: answer["fitting"]]}

    assert fitting(words="owl!") == {owl}
    assert fitting(words="tax return") == {tagged}  # by its tag only
    assert fitting(words="tax refund") == set()
    assert fitting(words="tax return", like=owl) == fitting(like=owl) == {truck, tagged}
    assert set(found(words="tax refund")) == {owl, truck, tagged}


def test_a_picture_whose_title_has_the_words_fits_and_comes_before_those_that_are_only_near() -> None:
    truck = show("delivery truck")
    named = show("Tax return, green", "owl", "paper craft")
    index(named, truck)

    answer = visit("search_pictures", words="return TAX!").body

    assert [picture["picture_id"] for picture in answer["pictures"]] == [named, truck]
    assert answer["fitting"] == 1
    assert visit("search_pictures", words="tax refund").body["fitting"] == 0


def test_pictures_like_another_one_are_found_without_it_also_with_words() -> None:
    red, also_red, blue = (
        show("untitled", colour="red"),
        show("untitled", colour="red"),
        show("untitled", colour="blue"),
    )
    owl = show("owl", colour="red")
    index(red, also_red, blue, owl)

    assert found(like=red)[0] == also_red
    assert red not in found(like=red)
    assert found(like=red, words="owl")[0] == owl


def test_a_search_is_limited_to_a_tool() -> None:
    picture = show("owl")
    index(picture)

    assert found(words="owl", tool="picture") == [picture]
    assert found(words="owl", tool="pattern") == []


def test_what_was_taken_back_is_not_found_before_the_index_knows() -> None:
    stays, goes = show("owl"), show("owl")
    index(stays, goes)

    call("unpublish_picture", path={"picture_id": goes})

    assert found(words="owl") == [stays]
    assert refused(like=goes) == (404, "like")


def test_an_event_about_a_picture_that_is_not_public_removes_it(vectors: FakeVectors) -> None:
    stays, goes = show("owl"), show("owl")
    index(stays, goes)
    call("unpublish_picture", path={"picture_id": goes})

    assert index(goes, stays, "a" * 26) == []

    assert vectors.keys() == [stays]


def test_a_picture_that_is_taken_back_while_it_is_indexed_leaves_the_index(
    vectors: FakeVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture_id = show("owl")
    embed = indexing.embed_thumbnail

    def take_back(*arguments: Any) -> Any:
        call("unpublish_picture", path={"picture_id": picture_id})
        return embed(*arguments)

    monkeypatch.setattr(indexing, "embed_thumbnail", take_back)

    assert index(picture_id) == []
    assert vectors.keys() == []
    assert "PutVectors" in vectors.actions


def test_an_event_that_comes_twice_has_no_second_effect(vectors: FakeVectors) -> None:
    picture_id = show("owl")
    index(picture_id)

    assert index(picture_id, picture_id) == []

    assert vectors.keys() == [picture_id]


def test_a_broken_picture_or_message_fails_alone(vectors: FakeVectors) -> None:
    good, broken = show("owl"), show("owl")
    folder = GalleryTable(client=clients.dynamodb(), table=GALLERY_RECORDS).find(broken).folder
    client_of("s3").put_object(Bucket="gallery", Key=f"{folder}/thumbnail.webp", Body=b"no picture")
    records = [{"messageId": each, "body": json.dumps({"detail": {"picture_id": each}})} for each in (good, broken)]
    records += [{"messageId": "unreadable", "body": "{}"}, {"messageId": "text", "body": "["}]

    failures = run("index_pictures", {"Records": records})["batchItemFailures"]

    assert {each["itemIdentifier"] for each in failures} == {broken, "unreadable", "text"}
    assert vectors.keys() == [good]


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({}, 422, "words"),
        ({"words": "  "}, 422, "words"),
        ({"words": "x" * 10_000}, 422, "words"),
        ({"words": "owl\nfox"}, 422, "words"),
        ({"words": "what the fuck"}, 422, "words"),
        ({"like": "b" * 26}, 404, "like"),
        ({"like": "<script>"}, 422, "like"),
        ({"words": "owl", "like": ""}, 422, "like"),
        ({"words": "owl", "tool": ""}, 404, None),
        ({"words": "owl", "limit": "49"}, 422, "limit"),
        ({"words": "owl", "limit": "0"}, 422, "limit"),
        ({"words": "owl", "tool": "paint"}, 404, None),
    ],
)
def test_a_search_that_cannot_be_answered_is_refused_by_its_field(
    query: dict[str, str], status: int, field: str | None
) -> None:
    answer = refused(**query)

    assert answer[0] == status
    assert field is None or answer[1] == field


def test_the_limit_of_words_is_named_with_their_number() -> None:
    refusal = visit("search_pictures", words="x" * 10_000).body

    assert "10000" in refusal["detail"]
    assert "200" in refusal["detail"]


def test_nothing_is_found_in_an_empty_gallery() -> None:
    assert found(words="owl") == []


def test_a_picture_that_is_not_indexed_yet_cannot_be_compared() -> None:
    picture_id = show("owl")

    assert refused(like=picture_id) == (422, "like")


def test_a_new_index_gets_every_picture_page_by_page_and_then_nothing(
    vectors: FakeVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("craftspark.gallery.filling.PAGE", 2)
    monkeypatch.setattr("craftspark.gallery.filling.PAGES", 1)
    pictures = [show(title) for title in ("owl", "apple", "truck", "fox", "house")]
    progress = FillingProgress(client=clients.dynamodb(), table=GALLERY_RECORDS)

    sizes = [len(queued_by({})) for _ in range(4)]

    assert sizes == [2, 2, 1, 0]
    assert progress.read(ENCODERS[0].name) == DONE
    assert sorted(queued_by({"again": True}) + queued_by({}) + queued_by({})) == sorted(pictures)


def test_a_filling_without_time_goes_on_with_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    show("owl")
    monkeypatch.setattr(LONG_CONTEXT, "get_remaining_time_in_millis", lambda: 1)
    assert queued_by({}) == []

    monkeypatch.setattr(LONG_CONTEXT, "get_remaining_time_in_millis", lambda: 60_000)
    assert len(queued_by({})) == 1


def queued_by(event: dict[str, Any]) -> list[str]:
    """Run the filling, and index what it has queued. Returns the pictures."""
    run("fill_indexes", event)
    sqs = client_of("sqs")
    url = sqs.get_queue_url(QueueName="picture-changes")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    if messages:
        assert run(
            "index_pictures", {"Records": [{"messageId": m["MessageId"], "body": m["Body"]} for m in messages]}
        ) == {"batchItemFailures": []}
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"])["detail"]["picture_id"] for message in messages]


def test_a_second_encoder_has_an_index_of_its_own_and_the_first_answers(
    vectors: FakeVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = vectors.service.answer(
        "CreateIndex",
        {
            "vectorBucketName": "gallery",
            "indexName": "second",
            "dataType": "float32",
            "dimension": ENCODERS[0].dimension,
            "distanceMetric": "cosine",
        },
    )["indexArn"]
    monkeypatch.setattr(indexing, "ENCODERS", (ENCODERS[0], replace(ENCODERS[0])))
    monkeypatch.setenv("CRAFTSPARK_VECTOR_INDEX_ARNS", f"{INDEX_ARNS[0]} {second}")
    picture_id = show("owl")

    index(picture_id)

    assert vectors.keys() == vectors.keys(second) == [picture_id]
    assert found(words="owl") == [picture_id]
