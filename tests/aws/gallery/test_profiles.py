"""Profiles: what everybody sees of a maker."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.gallery.pictures import author_of
from tests.aws.api import ADMIN_SCOPE, Answer, account, call
from tests.aws.conftest import GALLERY_RECORDS
from tests.aws.gallery.test_curation import administer, take_down
from tests.aws.gallery.test_gallery import a_job, publish, visit
from tests.aws.gallery.test_remixes import a_picture, a_remix, page

pytestmark = pytest.mark.usefixtures("all_settings")


def rename(name: object, maker: str = "maker-1") -> Answer:
    return call("change_profile", maker=maker, body={"name": name})


def remove(maker: str = "maker-1", reason: str = "the name of a shop") -> Answer:
    return call("remove_name", maker="operator", scope=ADMIN_SCOPE, path={"maker": maker}, body={"reason": reason})


def inspect(maker: str) -> Any:
    account(maker)
    return call("inspect_account", maker="operator", scope=ADMIN_SCOPE, path={"maker": maker}).body


def audited() -> list[Any]:
    return list(call("list_audit", maker="operator", scope=ADMIN_SCOPE).body["entries"])


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
    assert inspect("maker-1")["profile"] == {"author": author, "name": "Ann"}
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


@pytest.mark.parametrize("name", ["Ann", "ANN", "A n n", "\u0410nn", "Ann."])
def test_a_name_that_looks_like_another_maker_s_is_refused_by_its_field(name: str) -> None:
    rename("Ann")

    refused = rename(name, "maker-2")

    assert (refused.status, refused.body["type"], refused.body["field"]) == (409, "/problems/NameUnavailable", "name")
    assert "name" not in call("read_profile", maker="maker-2").body
    assert rename("Ann Bell", "maker-2").status == 200


@pytest.mark.parametrize("name", ["Craftspark", "The \u0421raft Sp\u0430rk", "admin", "Ann (support)", "Adm1n"])
def test_a_name_of_those_who_run_the_service_is_refused(name: str) -> None:
    refused = rename(name)

    assert (refused.status, refused.body["field"]) == (422, "name")


def test_a_maker_may_write_the_own_name_differently() -> None:
    assert [rename(name).status for name in ("Ann", "ANN", "Ann")] == [200] * 3
    assert rename("ann", "maker-2").status == 409


def test_a_previous_name_is_free_for_others() -> None:
    rename("Ann")
    rename("Bea")

    assert rename("Ann", "maker-2").status == 200
    assert rename("Ann").status == 409


def test_of_two_names_at_the_same_time_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    client = clients.dynamodb()
    write = client.transact_write_items

    def write_after_another(**request: Any) -> Any:
        monkeypatch.setattr(client, "transact_write_items", write)
        assert rename("Bea").status == 200
        return write(**request)

    monkeypatch.setattr(client, "transact_write_items", write_after_another)

    assert rename("Ann").status == 200  # read again after the other change
    assert rename("Bea", "maker-2").status == 200
    assert rename("Ann", "maker-2").status == 409


def test_an_administrator_removes_a_name_and_its_maker_sees_why() -> None:
    rename("Ann")

    removed = remove(reason="it imitates a shop")

    seen = call("read_profile").body
    assert removed.body == seen == inspect("maker-1")["profile"]
    assert "name" not in seen
    assert (seen["removal"]["name"], seen["removal"]["reason"]) == ("Ann", "it imitates a shop")
    [entry] = audited()
    assert (entry["action"], entry["name"], entry["reason"]) == ("remove name", "Ann", "it imitates a shop")


def test_a_removed_name_is_free_for_others_and_not_for_its_maker() -> None:
    rename("Ann")
    remove()

    assert rename("ANN").body["type"] == "/problems/NameUnavailable"
    assert rename("Ann", "maker-2").status == 200
    assert rename("Bea").status == 200
    assert "removal" not in call("read_profile").body
    assert rename("Ann").status == 409


def test_a_name_is_removed_once() -> None:
    rename("Ann")
    first = remove()

    assert remove(reason="again").body == first.body
    assert len(audited()) == 1


def test_a_name_from_before_names_were_held_is_removed_and_replaced() -> None:
    rename("Ann")
    key = {"key": {"S": f"author#{author_of('maker-1')}"}, "item": {"S": "maker"}}
    clients.dynamodb().update_item(TableName=GALLERY_RECORDS, Key=key, UpdateExpression="REMOVE holds")

    assert remove().body["removal"]["name"] == "Ann"
    assert rename("ann").status == 409
    assert rename("Bea").status == 200


def test_who_is_unknown_has_no_name_to_remove() -> None:
    missing = remove("nobody")

    assert (missing.status, missing.body["type"]) == (404, "/problems/MakerNotFound")
    assert audited() == []
