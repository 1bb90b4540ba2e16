"""Remixes: what may be remixed, under which licence, and attribution that outlasts the pictures."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.origins import OriginTable
from craftspark.gallery.pictures import Picture
from craftspark.jobs.job import image_key, thumbnail_key
from craftspark.tools.lineage import MAX_ANCESTORS, MAX_SOURCES, Lineage, merge
from tests.aws.api import Answer, call, read, settle, store, submit
from tests.aws.conftest import GALLERY_RECORDS, IMAGES, client_of
from tests.aws.gallery.test_curation import administer, take_down
from tests.aws.gallery.test_gallery import a_job, publish, visit
from tests.aws.gallery.test_gallery_lists import START, table_at
from tests.aws.gallery.test_gallery_lists import a_picture as a_listed_picture

pytestmark = pytest.mark.usefixtures("all_settings")


def a_picture(maker: str = "maker-1", licence: str = "cc-by-4.0", **request: Any) -> str:
    picture_id: str = publish(a_job(maker, **request), maker=maker, licence=licence).body["picture_id"]
    return picture_id


def a_remix(parent: str, maker: str = "maker-2", **changes: Any) -> Answer:
    return publish(a_job(maker, remix_of=parent), maker=maker, **changes)


def page(picture_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = visit("read_picture", {"picture_id": picture_id}).body
    return shown


def remixes(picture_id: str, **query: str) -> list[str]:
    found = visit("list_remixes", {"picture_id": picture_id}, **query)
    return [each["picture_id"] for each in found.body["pictures"]]


def vary(source: str, maker: str = "maker-2", **request: Any) -> Answer:
    body = {"source": source, "prompt": "an apple", "count": 1, **request}
    return call("submit_job", maker=maker, path={"tool": "variations"}, body=body)


def test_a_remix_names_its_parent_and_the_parent_lists_it() -> None:
    parent = a_picture()
    job_id = a_job("maker-2", remix_of=parent)
    remix = publish(job_id, maker="maker-2").body

    assert read(job_id, "maker-2").body["remix_of"] == parent
    ancestor = {"picture_id": parent, "title": "Red apple", "author": page(parent)["author"]}
    assert remix["lineage"] == {"parent": ancestor, "root": ancestor, "ancestors": [ancestor]}
    assert "remix_of" not in remix["recipe"]
    assert (remixes(parent), page(parent)["remixes"]) == ([remix["picture_id"]], 1)
    assert "lineage" not in page(parent)


def test_a_lineage_has_the_nearest_and_the_root() -> None:
    line = tuple(f"{number:026}" for number in range(MAX_ANCESTORS))
    parent = replace(a_listed_picture(1, START), ancestors=line, root="r" * 26, licence="cc0-1.0")
    table_at(START).add(parent)

    lineage = a_remix(parent.picture_id).body["lineage"]

    assert [each["picture_id"] for each in lineage["ancestors"]] == [parent.picture_id, *line[:-1]]
    assert lineage["root"]["picture_id"] == "r" * 26


@pytest.mark.parametrize("end", ["unpublish", "take down"])
def test_a_remix_outlasts_its_parent_and_still_names_it(end: str) -> None:
    parent = a_picture()
    early = a_remix(parent).body["picture_id"]
    late = a_job("maker-2", remix_of=parent)
    if end == "unpublish":
        call("unpublish_picture", path={"picture_id": parent})
    else:
        take_down(parent)

    removed = {"picture_id": parent, "removed": True}
    assert page(early)["lineage"] == {"parent": removed, "root": removed, "ancestors": [removed]}
    assert visit("list_remixes", {"picture_id": parent}).status == 404
    published = publish(late, maker="maker-2")
    if end == "unpublish":
        assert published.body["lineage"]["parent"] == removed
    else:
        assert published.body["type"] == "/problems/PictureTakenDown"


@pytest.mark.parametrize("steps", [1, 2])
def test_a_takedown_refuses_later_publications_of_all_that_comes_from_the_picture(steps: int) -> None:
    root = a_picture()
    parent = root
    for _ in range(steps):
        parent = a_remix(parent).body["picture_id"]
    late = a_job("maker-2", remix_of=parent)
    take_down(root)

    refused = publish(late, maker="maker-2")

    assert (refused.status, refused.body["type"]) == (409, "/problems/PictureTakenDown")
    assert root in refused.body["detail"]
    assert page(parent)["lineage"]["root"] == {"picture_id": root, "removed": True}  # a public remix stays
    administer("restore_picture", root)
    assert publish(late, maker="maker-2").status == 201


def quoted(tool: str, **request: Any) -> bool:
    answer = call("quote_job", maker="maker-2", path={"tool": tool}, body={"count": 1, **request})
    publishable: bool = answer.body["publishable"]
    return publishable


@pytest.mark.parametrize("end", ["unpublish", "take down"])
def test_pages_and_quotes_say_before_the_price_is_paid_that_a_remix_could_not_be_published(end: str) -> None:
    root = a_picture()
    job_id = a_job("maker-2", remix_of=root)
    remix = publish(job_id, maker="maker-2").body["picture_id"]
    other = a_picture()
    ways: list[Callable[[], bool]] = [
        lambda: quoted("picture", prompt="an apple", remix_of=remix),
        lambda: quoted("variations", prompt="an apple", source=f"picture/{remix}"),
        lambda: quoted("upscale", source=f"{job_id}/0"),  # the image itself, published or not
        lambda: quoted("variations", prompt="an apple", source=f"picture/{remix}", remix_of=other),
        lambda: page(remix)["remixes_publishable"],
    ]
    assert all(may() for may in ways)

    if end == "unpublish":
        call("unpublish_picture", path={"picture_id": root})
        assert all(may() for may in ways)
        return

    take_down(root)
    assert not any(may() for may in ways)
    assert quoted("picture", prompt="an apple")
    assert page(other)["remixes_publishable"]
    assert vary(f"picture/{remix}").status == 202  # for private use

    administer("restore_picture", root)
    assert all(may() for may in ways)


def test_a_second_picture_hides_no_takedown() -> None:
    root = a_picture()
    remix = a_remix(root).body["picture_id"]
    job_id = vary(f"picture/{remix}", remix_of=a_picture()).body["job_id"]
    finish(job_id)
    take_down(root)

    assert publish(job_id, maker="maker-2").body["type"] == "/problems/PictureTakenDown"


def test_what_a_picture_comes_from_is_checked_once_each() -> None:
    line = tuple(f"{number:026}" for number in range(MAX_ANCESTORS))
    picture = replace(a_listed_picture(1, START), ancestors=line, root="r" * 26)

    assert picture.lineage == (*line, "r" * 26)
    assert replace(picture, root=line[7]).lineage == line


def test_the_largest_request_names_all_its_pictures_and_where_their_lines_start() -> None:
    def a_line(number: int) -> Lineage:
        steps = tuple(f"{number}-{step}" for step in range(MAX_ANCESTORS))
        return Lineage(ancestors=steps, root=f"root-{number}")

    lines = [a_line(number) for number in range(1 + MAX_SOURCES)]

    lineage = merge(OriginTable(client=clients.dynamodb(), table=GALLERY_RECORDS), lines)

    assert lineage is not None
    assert lineage.parent == "0-0"
    assert {f"{number}-0" for number in range(len(lines))} <= set(lineage.pictures)
    assert {each.root for each in lines} <= set(lineage.pictures)
    assert len(lineage.ancestors) == MAX_ANCESTORS


def test_a_takedown_while_a_remix_is_published_refuses_the_remix(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = a_picture()
    job_id = a_job("maker-2", remix_of=parent)
    add = GalleryTable.add

    def late(table: GalleryTable, picture: Picture) -> None:
        take_down(parent)  # after the checks and the copies of this publication
        add(table, picture)

    monkeypatch.setattr(GalleryTable, "add", late)

    assert publish(job_id, maker="maker-2").body["type"] == "/problems/PictureTakenDown"
    administer("restore_picture", parent)
    assert (remixes(parent), page(parent)["remixes"]) == ([], 0)


def test_remixes_are_counted_while_they_are_public() -> None:
    parent = a_picture()
    first, second = (a_remix(parent).body["picture_id"] for _ in range(2))
    seen = [page(parent)["remixes"]]
    changes: list[Callable[[], Any]] = [
        lambda: take_down(first),
        lambda: administer("restore_picture", first),
        lambda: call("unpublish_picture", maker="maker-2", path={"picture_id": second}),
    ]
    for change in changes:
        change()
        seen.append(page(parent)["remixes"])

    assert seen == [2, 1, 2, 1]
    assert remixes(parent) == [first]


def test_remixes_have_pages() -> None:
    parent = a_picture()
    ids = [a_remix(parent).body["picture_id"] for _ in range(3)]

    found, cursor = [], None
    for _ in range(4):
        query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        body = visit("list_remixes", {"picture_id": parent}, **query).body
        found += [each["picture_id"] for each in body["pictures"]]
        cursor = body.get("next_cursor")
        if not cursor:
            break

    assert found == ids[::-1]
    other = a_picture("maker-3")
    first = visit("list_remixes", {"picture_id": parent}, limit="1").body["next_cursor"]
    assert visit("list_remixes", {"picture_id": other}, cursor=first).body["field"] == "cursor"


def test_personal_pictures_are_remixed_by_their_maker_alone() -> None:
    picture_id = a_picture(licence="personal")

    refused = submit(maker="maker-2", count=1, remix_of=picture_id)
    as_source = vary(f"picture/{picture_id}")

    assert [(each.status, each.body["field"]) for each in (refused, as_source)] == [(422, "remix_of"), (422, "source")]
    assert a_remix(picture_id, "maker-1", licence="cc-by-4.0").status == 201


@pytest.mark.parametrize("field", ["remix_of", "source"])
def test_a_picture_that_is_not_public_is_refused_before_anything_is_reserved(field: str) -> None:
    picture_id = a_picture()
    take_down(picture_id)
    unknown = [picture_id, "a" * 26]

    answers = [
        submit(maker="maker-2", count=1, remix_of=each) if field == "remix_of" else vary(f"picture/{each}")
        for each in unknown
    ]

    assert [(each.status, each.body["field"]) for each in answers] == [(422, field)] * 2
    assert call("read_account", maker="maker-2").body["reserved"] == 0


@pytest.mark.parametrize("makers", [("maker-1", "maker-2"), ("maker-1", "maker-2", "maker-2")])
def test_the_licence_of_others_bounds_that_of_a_remix_also_over_own_pictures(
    makers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model's own licence would forbid cc0-1.0, too."""
    monkeypatch.setattr("craftspark.gallery.pictures.check_terms", lambda *_: None)
    first, *others = makers
    parent = a_picture(first)
    for maker in others[:-1]:
        parent = a_remix(parent, maker, licence="personal").body["picture_id"]

    refused = a_remix(parent, others[-1], licence="cc0-1.0")

    assert (refused.status, refused.body["field"]) == (422, "licence")
    assert "cc-by-4.0" in refused.body["detail"]
    assert a_remix(parent, others[-1], licence="cc-by-4.0").status == 201
    mine = a_picture("maker-2")
    assert a_remix(mine, "maker-2", licence="cc0-1.0").status == 201


def test_a_published_picture_is_a_source_and_the_parent_of_what_is_made_from_it() -> None:
    parent = a_picture()

    accepted = vary(f"picture/{parent}")
    assert accepted.status == 202
    job_id = accepted.body["job_id"]
    finish(job_id)

    assert accepted.body["remix_of"] == parent
    assert publish(job_id, maker="maker-2").body["lineage"]["parent"]["picture_id"] == parent
    items = clients.dynamodb().get_item(TableName="jobs", Key={"job_id": {"S": job_id}, "item": {"S": "job"}})["Item"]
    assert '"bucket": "gallery"' in items["sources"]["S"]


def test_attribution_survives_the_steps_between_a_picture_and_what_is_published() -> None:
    """An image of a remix is a source of another job, whose image is published."""
    parent = a_picture(licence="cc-by-4.0")
    step = a_job("maker-2", remix_of=parent)

    accepted = vary(f"{step}/0")
    finish(accepted.body["job_id"])
    published = publish(accepted.body["job_id"], maker="maker-2").body

    assert accepted.body["remix_of"] == parent
    assert published["lineage"]["parent"]["picture_id"] == parent


def finish(job_id: str) -> None:
    """Store the first image of a job, and end it."""
    store(job_id, 0)
    for key in (image_key(job_id, 0), thumbnail_key(job_id, 0)):
        client_of("s3").put_object(Bucket=IMAGES, Key=key, Body=b"a picture")
    settle(job_id)


def test_another_parent_than_the_source_is_credited_with_it() -> None:
    first, second = a_picture(), a_picture("maker-3")

    accepted = vary(f"picture/{second}", remix_of=first)
    job_id = accepted.body["job_id"]
    finish(job_id)
    lineage = publish(job_id, maker="maker-2").body["lineage"]

    assert [each["picture_id"] for each in lineage["ancestors"]] == [first, second]
