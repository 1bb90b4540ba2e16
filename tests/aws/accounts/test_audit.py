"""Administrators read what they and others did, of all accounts or of one, without reading anything else."""

from typing import Any

import pytest

from tests.aws.api import ADMIN_SCOPE, Answer, account, call

pytestmark = pytest.mark.usefixtures("all_settings")


def administer(function: str, maker: str, body: Any = None) -> None:
    assert call(function, maker="operator", scope=ADMIN_SCOPE, path={"maker": maker}, body=body).status == 200


def read(**query: str) -> Answer:
    return call("list_audit", maker="auditor", scope=ADMIN_SCOPE, query=query)


@pytest.fixture
def acts(all_settings: None) -> None:
    for maker in ("ann", "ben"):
        account(maker)
    administer("change_plan", "ann", {"plan": "plus"})
    administer("inspect_account", "ann")
    administer("grant_credits", "ben", {"credits": 5, "note": "order 1"})
    administer("suspend_account", "ann", {"reason": "stolen card"})


def shown(answer: Answer) -> list[tuple[str, str]]:
    return [(each["maker"], each["action"]) for each in answer.body["entries"]]


@pytest.mark.usefixtures("acts")
def test_changes_of_all_accounts_are_listed_newest_first_with_who_and_why() -> None:
    entries = read().body["entries"]

    assert shown(read()) == [("ann", "suspend account"), ("ben", "grant credits"), ("ann", "change plan")]
    assert {entry["actor"] for entry in entries} == {"operator"}
    assert [{name: entry[name] for name in entry if name not in ("at", "actor", "action")} for entry in entries] == [
        {"maker": "ann", "reason": "stolen card"},
        {"maker": "ben", "credits": 5, "note": "order 1"},
        {"maker": "ann", "plan": "plus"},
    ]


@pytest.mark.parametrize("email", [None, "ann@craftspark.example", "no address"])
def test_an_entry_has_the_address_of_a_person_as_it_was(email: str | None) -> None:
    account("ben")
    plan: dict[str, Any] = {"path": {"maker": "ben"}, "body": {"plan": "plus"}}
    call("change_plan", maker="operator", email=email, scope=ADMIN_SCOPE, **plan)
    call("inspect_account", maker="operator", email=email, scope=ADMIN_SCOPE, path={"maker": "ben"})

    entries = [read(kind=kind).body["entries"][0] for kind in ("change", "access")]

    assert [entry.get("actor_email") for entry in entries] == [email if email and "@" in email else None] * 2


@pytest.mark.usefixtures("acts")
def test_what_was_read_is_a_list_of_its_own() -> None:
    assert shown(read(kind="access")) == shown(read(kind="access", maker="ann")) == [("ann", "inspect account")]
    assert shown(read(kind="access", maker="ben")) == []


@pytest.mark.usefixtures("acts")
def test_one_account_s_changes_are_listed_without_those_of_others() -> None:
    assert shown(read(maker="ann")) == [("ann", "suspend account"), ("ann", "change plan")]
    assert shown(read(maker="nobody")) == []


@pytest.mark.usefixtures("acts")
@pytest.mark.parametrize("whose", [{}, {"maker": "ann"}])
def test_pages_lead_to_every_entry_once(whose: dict[str, str]) -> None:
    found: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = read(limit="1", **whose, **cursor)
        found += shown(page)
        if "next_cursor" not in page.body:
            break
        cursor = {"cursor": page.body["next_cursor"]}

    assert found == shown(read(**whose))


@pytest.mark.usefixtures("acts")
@pytest.mark.parametrize("other", [{"maker": "ben"}, {"kind": "access"}, {"maker": "a", "kind": "access"}])
def test_a_cursor_of_another_list_is_refused(other: dict[str, str]) -> None:
    cursor = read(limit="1", maker="ann").body["next_cursor"]

    refused = read(cursor=cursor, **other)

    assert (refused.status, refused.body["field"]) == (422, "cursor")


def test_an_unknown_kind_is_refused() -> None:
    refused = read(kind="reads")

    assert (refused.status, refused.body["field"]) == (422, "kind")


@pytest.mark.usefixtures("acts")
def test_reading_the_audit_writes_nothing() -> None:
    before = shown(read()), shown(read(kind="access"))

    assert (shown(read()), shown(read(kind="access"))) == before
