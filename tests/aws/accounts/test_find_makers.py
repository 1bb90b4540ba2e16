"""Administrators find a maker by email address or subject, and the maker's jobs. Each lookup is recorded."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from craftspark.aws.accounts.user_pool import UserPool, quote
from craftspark.errors import InvalidInput
from craftspark.parsing.values import parse_email
from craftspark.settings.accounts import DirectorySettings
from tests.aws.accounts.test_administration import audit
from tests.aws.api import ADMIN_SCOPE, MAKER_SCOPE, Answer, call, settle, store, submit
from tests.aws.conftest import client_of

pytestmark = pytest.mark.usefixtures("all_settings")


def find(scope: str = ADMIN_SCOPE, **query: str) -> Answer:
    return call("find_makers", maker="operator", scope=scope, query=query)


def jobs_of(maker: str, scope: str = ADMIN_SCOPE, **query: str) -> Answer:
    return call("list_account_jobs", maker="operator", scope=scope, path={"maker": maker}, query=query)


def sign_up(pool: str, email: str) -> str:
    """The subject of a new user."""
    attributes: Any = [{"Name": "email", "Value": email}, {"Name": "name", "Value": "Ann Example"}]
    user = client_of("cognito-idp").admin_create_user(UserPoolId=pool, Username=email, UserAttributes=attributes)
    return str(next(each["Value"] for each in user["User"]["Attributes"] if each["Name"] == "sub"))


@pytest.fixture
def ann(user_pool: str) -> str:
    for other in ("ben@example.com", "annn@example.com", "ann@example.co"):
        sign_up(user_pool, other)
    return sign_up(user_pool, "ann@example.com")


def test_a_maker_is_found_by_id_or_email_without_other_attributes(ann: str) -> None:
    shown = {"maker": ann, "email": "ann@example.com", "status": "FORCE_CHANGE_PASSWORD", "enabled": True}

    assert find(email="ann@example.com").body == {"makers": [shown]}
    assert find(maker=ann).body == {"makers": [shown]}
    assert [(actor, action) for actor, action, _ in audit(ann)] == [("operator", "find maker")] * 2


def test_a_disabled_maker_is_shown_as_one(ann: str, user_pool: str) -> None:
    client_of("cognito-idp").admin_disable_user(UserPoolId=user_pool, Username="ann@example.com")

    assert [each["enabled"] for each in find(maker=ann).body["makers"]] == [False]


@pytest.mark.parametrize(
    "query",
    [
        {"email": "nobody@example.com"},
        {"email": "ann@example.c"},
        {"maker": "nobody"},
        {"maker": 'x"'},
        {"maker": '"'},
        {"maker": "\\"},
        {"maker": '"or"sub"^="'},
    ],
)
def test_an_unknown_maker_is_not_found(ann: str, query: dict[str, str]) -> None:
    answer = find(**query)

    assert (answer.status, answer.body) == (200, {"makers": []})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "email"),
        ({"email": "ann@example.com", "maker": "a"}, "email"),
        *(
            ({"email": email}, "email")
            for email in ("", "ann", "@", "a@", "a@b@c", 'a"@b', "a\\@b", "a@b\n", "é" * 300)
        ),
        ({"maker": ""}, "maker"),
        ({"maker": "a b"}, "maker"),
    ],
)
def test_a_search_without_a_value_is_rejected_with_its_field(query: dict[str, str], field: str) -> None:
    refused = find(**query)

    assert (refused.status, refused.body["field"]) == (422, field)


@pytest.mark.parametrize("query", [{"email": "ann@example.com"}, {"maker": "maker-1"}])
def test_a_stage_with_another_issuer_rejects_a_search_by_email(
    monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    for name, value in DirectorySettings(user_pool_id="").to_environment().items():
        monkeypatch.setenv(name, value)

    refused = find(**query)

    assert (refused.status, refused.body["field"]) == (422, *query)
    assert "issuer" in refused.body["detail"]


class EveryUser:
    """A user pool that does not understand filters."""

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_users"
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        users = [("a", "Ann@example.com"), ("b", "ben@example.com")]
        return [
            {
                "Users": [
                    {
                        "Attributes": [{"Name": "sub", "Value": sub}, {"Name": "email", "Value": email}],
                        "UserStatus": "CONFIRMED",
                        "Enabled": True,
                    }
                    for sub, email in users
                ]
            }
        ]


def test_an_injected_filter_finds_no_other_maker() -> None:
    client: Any = EveryUser()

    assert [user.maker for user in UserPool(client=client, pool_id="p").find("email", "ann@EXAMPLE.com")] == ["a"]


@given(st.text(alphabet=st.sampled_from('a"\\ =^')))
def test_no_value_ends_the_string_that_quotes_it(value: str) -> None:
    inside = quote(value)[1:-1]

    at, read = 0, ""
    while at < len(inside):
        assert inside[at] != '"'
        at += inside[at] == "\\"
        read += inside[at]
        at += 1
    assert read == value


@given(st.text())
def test_a_valid_email_has_no_character_that_ends_a_string(text: str) -> None:
    with suppress(InvalidInput):
        assert not set(parse_email(text)) & set('"\\ \t\n')


@pytest.mark.parametrize("scope", ["", MAKER_SCOPE, "craftspark/jobs"])
def test_both_lists_need_the_administrator_s_scope(ann: str, scope: str) -> None:
    submit(count=1, maker=ann)

    for refused in (find(scope, maker=ann), jobs_of(ann, scope)):
        assert (refused.status, refused.body["type"]) == (403, "/problems/Forbidden")
    assert audit(ann) == []


def test_a_maker_s_jobs_are_listed_without_links_to_images(ann: str) -> None:
    done, waiting = (submit(count=1, maker=ann).body["job_id"] for _ in range(2))
    submit(count=1, maker="maker-2")
    store(done, 0)
    settle(done)

    listed = jobs_of(ann)
    own = call("list_jobs", maker=ann).body["jobs"]

    assert listed.body == {"jobs": [{name: job[name] for name in job if name != "thumbnail_urls"} for job in own]}
    assert "http" not in str(listed.body)
    assert {job["job_id"] for job in listed.body["jobs"]} == {done, waiting}
    assert [job["job_id"] for job in jobs_of(ann, state="succeeded").body["jobs"]] == [done]
    assert audit(ann)[0][:2] == ("operator", "list jobs")


def test_pages_lead_to_every_job(ann: str) -> None:
    wanted = {submit(count=1, maker=ann).body["job_id"] for _ in range(3)}

    first = jobs_of(ann, limit="2").body
    rest = jobs_of(ann, limit="2", cursor=first["next_cursor"]).body

    assert {job["job_id"] for page in (first, rest) for job in page["jobs"]} == wanted
    assert "next_cursor" not in rest


def test_the_jobs_of_a_maker_without_an_account_are_not_found(ann: str) -> None:
    missing = jobs_of(ann)

    assert (missing.status, missing.body["type"], audit(ann)) == (404, "/problems/AccountMissing", [])


@pytest.mark.parametrize(
    ("query", "field"), [({"state": "lost"}, "state"), ({"limit": "0"}, "limit"), ({"cursor": "x"}, "cursor")]
)
def test_a_filter_out_of_its_bounds_is_refused_by_its_name(ann: str, query: dict[str, str], field: str) -> None:
    submit(count=1, maker=ann)

    refused = jobs_of(ann, **query)

    assert (refused.status, refused.body["field"]) == (422, field)
