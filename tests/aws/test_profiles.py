"""Profiles: what everybody sees of a maker."""

from collections.abc import Callable
from datetime import datetime

import pytest

from craftspark.gallery.pictures import author_of
from tests.aws.api import Answer, call
from tests.aws.test_curation import administer, take_down
from tests.aws.test_gallery import a_job, publish, visit
from tests.aws.test_remixes import a_picture, a_remix, page

pytestmark = pytest.mark.usefixtures("all_settings")


def rename(name: object, maker: str = "maker-1") -> Answer:
    return call("change_profile", maker=maker, body={"name": name})


def test_a_name_is_shown_with_every_picture_of_its_maker() -> None:
    parent = a_picture()
    remix = a_remix(parent).body["picture_id"]
    assert "author_name" not in page(parent)

    rename("Ann")
    rename("Bea", "maker-2")

    assert page(parent)["author_name"] == "Ann"
    assert (page(remix)["author_name"], page(remix)["lineage"]["root"]["author_name"]) == ("Bea", "Ann")
    author = author_of("maker-1")
    assert call("read_profile").body == {"author": author, "name": "Ann"}
    maker = visit("read_maker", {"author": author}).body
    assert (maker["name"], maker["pictures"]) == ("Ann", 1)


def test_a_maker_is_seen_from_the_first_publication_on() -> None:
    author = author_of("maker-1")
    rename("Ann")
    assert visit("read_maker", {"author": author}).status == 404
    first = publish(a_job()).body
    publish(a_job())

    maker = visit("read_maker", {"author": author}).body

    assert maker["since"] == first["published_at"]
    assert datetime.fromisoformat(maker["since"])
    assert "maker-1" not in str(maker)


def test_a_maker_s_pictures_are_counted_while_they_are_public() -> None:
    first, second = (publish(a_job()).body for _ in range(2))
    seen = []
    changes: tuple[Callable[[], Answer], ...] = (
        lambda: take_down(first["picture_id"]),
        lambda: administer("restore_picture", first["picture_id"]),
        lambda: call("unpublish_picture", path={"picture_id": second["picture_id"]}),
    )
    for change in changes:
        change()
        seen.append(visit("read_maker", {"author": first["author"]}).body["pictures"])

    assert seen == [1, 2, 1]


@pytest.mark.parametrize("name", ["A", "x" * 41, "  ", "a\nb", "what the fuck", 5, None, "\u2800\u2800"])
def test_a_name_is_refused_by_its_field(name: object) -> None:
    refused = rename(name)

    fields = {refused.body.get("field"), *(each["field"] for each in refused.body.get("errors", ()))}
    assert (refused.status, "name" in fields) == (422, True)
    assert "name" not in call("read_profile").body


def test_markup_in_a_name_is_text() -> None:
    assert rename("<b>Ann</b>").body["name"] == "<b>Ann</b>"
