"""Each route with an Idempotency-Key takes effect once per key, and rejects another request with the same key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.idempotency import BindingTable
from craftspark.clock import utc_now
from craftspark.jobs.idempotency import KEY_LIFETIME, effect_of
from craftspark.routes import ADMIN, ROUTES
from lambdas.http.openapi.document import OPERATIONS
from lambdas.http.openapi.parameters import IDEMPOTENCY_KEY
from tests.aws.api import ADMIN_SCOPE, MAKER_SCOPE, Answer, Context, account, call, clear_caches, event_of
from tests.aws.conftest import ACCOUNTS

pytestmark = pytest.mark.usefixtures("all_settings", "plan_with_webhooks")

# A request to each route, and requests that differ from it in one part.
JOB = {"prompt": "an apple", "count": 1}
CREDITS = {"credits": 100, "note": "order 1"}
REQUESTS: dict[str, tuple[dict[str, str], Any, list[tuple[dict[str, str], Any]]]] = {
    "submit_job": (
        {"tool": "picture"},
        JOB,
        [
            ({"tool": "picture"}, {**JOB, "prompt": "a pear"}),
            ({"tool": "picture"}, {**JOB, "lane": "interactive"}),
            ({"tool": "clipart"}, JOB),
        ],
    ),
    "create_upload": ({}, {"content_type": "image/png"}, [({}, {"content_type": "image/jpeg"})]),
    "create_webhook": ({}, {"url": "https://hooks.example/a"}, [({}, {"url": "https://hooks.example/b"})]),
    "grant_credits": (
        {"maker": "maker-1"},
        CREDITS,
        [
            ({"maker": "maker-1"}, {**CREDITS, "credits": 500}),
            ({"maker": "maker-1"}, {**CREDITS, "note": "order 2"}),
            ({"maker": "maker-2"}, CREDITS),
        ],
    ),
    "adjust_credits": (
        {"maker": "maker-1"},
        {"credits": -1, "note": "case 7"},
        [({"maker": "maker-1"}, {"credits": -2, "note": "case 7"}), ({"maker": "maker-2"}, CREDITS)],
    ),
}
EVERY = pytest.mark.parametrize("function", REQUESTS)


@pytest.fixture
def plan_with_webhooks(all_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAFTSPARK_DEFAULT_PLAN", "partner")
    for maker in ("maker-1", "maker-2"):
        account(maker)


def ask(function: str, path: dict[str, str], body: Any, key: str | None = "k", *, maker: str = "") -> Answer:
    admin = next(route.scope for route in ROUTES if route.function == function) == ADMIN
    return call(
        function,
        maker=maker or ("operator" if admin else "maker-1"),
        scope=ADMIN_SCOPE if admin else MAKER_SCOPE,
        path=path,
        body=body,
        headers={} if key is None else {"idempotency-key": key},
    )


def kept() -> list[dict[str, Any]]:
    """All items of accounts, jobs and webhooks, without the entries and counts of the month."""
    tables = (ACCOUNTS, "jobs", "webhooks")
    return [item for table in tables for item in clients.dynamodb().scan(TableName=table)["Items"]]


def without_secrets(body: Any) -> Any:
    """The parts of a repeated response that do not change: a form has a new signature, and a secret is shown once."""
    return {name: value for name, value in body.items() if name not in ("secret", "fields")}


def test_every_route_that_takes_a_key_is_in_this_table() -> None:
    keyed = {name for name, operation in OPERATIONS.items() if IDEMPOTENCY_KEY in operation.parameters}

    assert keyed == {*REQUESTS, "rotate_webhook_secret"}


@EVERY
def test_a_repeated_request_returns_the_same_and_writes_nothing(function: str) -> None:
    path, body, _ = REQUESTS[function]
    first = ask(function, path, body)
    before = kept()

    again = ask(function, path, dict(reversed(body.items())))

    assert first.status < 300, first.body
    assert (again.status, without_secrets(again.body)) == (first.status, without_secrets(first.body))
    assert kept() == before


@EVERY
def test_another_request_with_the_key_is_refused_and_writes_nothing(function: str) -> None:
    path, body, others = REQUESTS[function]
    ask(function, path, body)
    before = kept()

    for other_path, other in others:
        refused = ask(function, other_path, other)
        assert (refused.status, refused.body["type"]) == (409, "/problems/IdempotencyKeyReused"), other
        assert refused.body["field"] == "Idempotency-Key"
    assert kept() == before


@pytest.mark.parametrize("later", ["submit_job", "create_upload", "create_webhook"])
@pytest.mark.parametrize("first", ["submit_job", "create_upload", "create_webhook"])
def test_a_key_belongs_to_one_route(first: str, later: str) -> None:
    ask(first, *REQUESTS[first][:2])

    answer = ask(later, *REQUESTS[later][:2])

    assert answer.status == (409 if first != later else answer.status)
    assert first != later or answer.status < 300


@EVERY
def test_a_key_belongs_to_one_maker(function: str) -> None:
    path, body, _ = REQUESTS[function]
    ask(function, path, body)

    other = ask(function, path, body, maker="maker-2")

    assert other.status < 300
    assert len(kept()) > 0


@EVERY
def test_each_request_without_a_key_has_a_separate_effect(function: str) -> None:
    path, body, _ = REQUESTS[function]
    first = ask(function, path, body, None)
    before = len(kept())

    ask(function, path, {**body, "url": "https://hooks.example/c"} if "url" in body else body, None)

    assert first.status < 300
    assert len(kept()) > before or function == "create_upload"


@EVERY
def test_four_concurrent_requests_have_one_effect(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, body, _ = REQUESTS[function]
    monkeypatch.setenv("CRAFTSPARK_TOKEN_SCOPES", f"{ADMIN_SCOPE} {MAKER_SCOPE}")
    clear_caches(function)
    handler = import_module(f"lambdas.{function}.handler").handler
    event = {
        **event_of(path=path, body=body, headers={"idempotency-key": "k"}),
        "routeKey": function,
    }

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: handler(event, Context()), range(4)))

    assert len({answer["statusCode"] for answer in answers}) == 1
    assert answers[0]["statusCode"] < 300
    assert sum("whsec_" in answer["body"] for answer in answers) == (function == "create_webhook")
    effects = ("entry#adjust", "entry#grant#topup", "entry#reserve", "webhook#")
    made = [item for item in kept() if item["item"]["S"].startswith(effects)]
    assert len(made) == (0 if function == "create_upload" else 1)


def test_a_grant_is_not_granted_again_with_other_credits_and_the_audit_says_what_was_done() -> None:
    before = account()["available"]
    assert ask("grant_credits", {"maker": "maker-1"}, CREDITS).status == 200

    refused = ask("grant_credits", {"maker": "maker-1"}, {**CREDITS, "credits": 500})

    audited = [item["details"]["S"] for item in kept() if item["item"]["S"].startswith("audit#")]
    assert refused.status == 409
    assert account()["available"] == before + 100
    assert len(audited) == 1
    assert '"credits": 100' in audited[0]


@pytest.mark.parametrize(
    ("function", "path", "body", "status"),
    [
        ("adjust_credits", {"maker": "maker-1"}, {"credits": -999_999, "note": "x"}, 402),
        ("grant_credits", {"maker": "nobody"}, CREDITS, 404),
        ("create_webhook", {}, {"url": "https://hooks.example:8443/"}, 422),
        ("submit_job", {"tool": "picture"}, {"prompt": "an apple", "size": "99x99"}, 422),
    ],
)
def test_a_rejected_request_binds_no_key_and_has_no_audit_entry(
    function: str, path: dict[str, str], body: Any, status: int
) -> None:
    before = kept()

    refused = ask(function, path, body)

    assert refused.status == status
    assert kept() == before


def test_a_change_without_effect_has_no_audit_entry() -> None:
    ask("change_plan", {"maker": "maker-1"}, {"plan": "plus"})
    before = kept()

    again = ask("change_plan", {"maker": "maker-1"}, {"plan": "plus"})

    assert again.status == 200
    assert kept() == before


def test_a_secret_is_rotated_once_for_its_key_and_shown_once() -> None:
    webhook = ask("create_webhook", {}, {"url": "https://hooks.example/a"}, "first").body
    path = {"webhook_id": webhook["webhook_id"]}

    rotated, again = (ask("rotate_webhook_secret", path, None, "second") for _ in range(2))

    assert rotated.body["secret"] != webhook["secret"]
    assert (again.status, "secret" in again.body) == (200, False)
    assert ask("rotate_webhook_secret", path, None, "first").status == 409


def test_the_key_of_a_webhook_that_was_deleted_makes_no_other() -> None:
    body = {"url": "https://hooks.example/a"}
    made = ask("create_webhook", {}, body).body
    call("delete_webhook", path={"webhook_id": made["webhook_id"]})

    assert ask("create_webhook", {}, body).status == 409
    assert call("list_webhooks").body["webhooks"] == []


def test_a_key_is_bound_for_its_lifetime() -> None:
    effect = effect_of("maker-1", "k", "POST /v1/uploads", "{}")
    now = utc_now()

    def table(after: timedelta) -> BindingTable:
        return BindingTable(client=clients.dynamodb(), table=ACCOUNTS, now=lambda: now + after)

    table(timedelta()).bind(effect)
    assert table(timedelta(days=1, seconds=1)).is_bound(effect)
    assert not table(KEY_LIFETIME + timedelta(seconds=1)).is_bound(effect)
    table(KEY_LIFETIME + timedelta(seconds=1)).bind(effect)
