"""Administration: only with the scope, once for a key, and recorded before it is done."""

import json
from typing import Any

import pytest

from craftspark.accounts.plans import PLANS
from craftspark.aws import clients
from craftspark.settings.accounts import AccountSettings
from tests.aws.api import Answer, account, call, submit
from tests.aws.conftest import ACCOUNTS, SMALL

pytestmark = pytest.mark.usefixtures("submit_settings", "gallery_settings", "admin_settings")
SCOPE = "craftspark/admin"


@pytest.fixture
def admin_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = AccountSettings(accounts_table=ACCOUNTS, default_plan=SMALL.name)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)


def ask(function: str, body: Any = None, *, key: str = "k", scope: str = SCOPE, **path: str) -> Answer:
    return call(
        function,
        maker="operator",
        scope=scope,
        path=path or {"maker": "maker-1"},
        body=body,
        headers={"idempotency-key": key},
    )


def audit(maker: str = "maker-1") -> list[tuple[str, str, dict[str, Any]]]:
    items = clients.dynamodb().scan(TableName=ACCOUNTS)["Items"]
    return [
        (item["actor"]["S"], item["action"]["S"], json.loads(item["details"]["S"]))
        for item in sorted(items, key=lambda item: item["item"]["S"])
        if item["item"]["S"].startswith(("audit#", "access#")) and item["maker"]["S"] == maker
    ]


ACTS = [
    ("inspect_account", None),
    ("grant_credits", {"credits": 5, "note": "order 1"}),
    ("adjust_credits", {"credits": -1, "note": "mistake"}),
    ("change_plan", {"plan": "plus"}),
    ("suspend_account", {"reason": "abuse"}),
]


@pytest.mark.parametrize("scope", ["", "aws.cognito.signin.user.admin", "craftspark/jobs", "craftspark/administrator"])
@pytest.mark.parametrize(("function", "body"), ACTS)
def test_without_the_scope_every_operation_is_forbidden(function: str, body: Any, scope: str) -> None:
    before = account()

    refused = ask(function, body, scope=scope)

    assert (refused.status, refused.body["type"]) == (403, "/problems/Forbidden")
    assert "available" not in refused.body
    assert (account(), audit()) == (before, [])


@pytest.mark.parametrize(("function", "body"), ACTS)
def test_an_act_is_recorded_with_its_actor(function: str, body: Any) -> None:
    account()

    done = ask(function, body)

    assert done.status == 200, done.body
    [(actor, action, details)] = audit()
    assert (actor, action.split()[0]) == ("operator", function.split("_")[0])
    assert body is None or set(body.items()) <= set(details.items())


@pytest.mark.parametrize(("function", "body"), ACTS)
def test_a_maker_without_an_account_is_not_found(function: str, body: Any) -> None:
    missing = ask(function, body, maker="nobody")

    assert (missing.status, missing.body["type"]) == (404, "/problems/AccountMissing")
    assert audit("nobody") == []


def test_a_grant_counts_once_for_its_key() -> None:
    account()

    assert [ask("grant_credits", {"credits": 5, "note": "order"}, key=key).body["available"] for key in "aab"] == [
        15,
        15,
        20,
    ]


def test_a_suspended_maker_gets_the_reason_and_can_continue_afterwards() -> None:
    account()
    ask("suspend_account", {"reason": "stolen card"})
    refused = submit()
    ask("suspend_account", {"reason": None})

    assert (refused.status, refused.body["type"]) == (403, "/problems/AccountSuspended")
    assert "stolen card" in refused.body["detail"]
    assert submit().status == 202


@pytest.mark.parametrize(
    ("function", "body", "field"),
    [
        ("grant_credits", {"credits": 0, "note": "x"}, "credits"),
        ("grant_credits", {"credits": -5, "note": "x"}, "credits"),
        ("grant_credits", {"credits": 5, "note": " "}, "note"),
        ("adjust_credits", {"credits": 0, "note": "x"}, "credits"),
        ("change_plan", {"plan": "gold"}, "plan"),
        ("suspend_account", {}, "reason"),
    ],
)
def test_an_invalid_value_is_rejected_with_its_field(function: str, body: Any, field: str) -> None:
    account()

    refused = ask(function, body)

    assert (refused.status, refused.body["field"]) == (422, field)
    assert audit() == []


def test_no_more_credits_can_be_deducted_than_are_available() -> None:
    account()

    assert ask("adjust_credits", {"credits": -11, "note": "x"}).status == 402


def test_an_inspected_job_has_no_links_to_its_images() -> None:
    job_id = submit(count=1).body["job_id"]

    seen = ask("inspect_job", job_id=job_id)

    assert (seen.status, seen.body["maker"]) == (200, "maker-1")
    assert "url" not in seen.body["images"][0]
    assert audit()[0][1] == "inspect job"


def test_everybody_can_read_the_plans_that_an_account_can_have() -> None:
    account()
    listed = call("list_plans")
    plans = {plan["name"]: plan for plan in listed.body["plans"]}

    assert plans == {name: ask("change_plan", {"plan": name}, key=name).body["plan"] for name in plans}
    assert set(plans) == set(PLANS)
    assert listed.headers["Cache-Control"].startswith("public")
