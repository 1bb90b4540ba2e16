"""Access: only with an access token, for its scopes. Suspended makers may only read and delete."""

import pytest

from craftspark.routes import ADMIN, PUBLIC, ROUTES, Route
from craftspark.tools import TOOLS
from tests.aws.api import ADMIN_SCOPE, MAKER_SCOPE, Answer, account, answer_of, call, event_of
from tests.aws.callers import QUERIES
from tests.aws.conftest import SMALL
from tests.aws.test_routes import good_path

pytestmark = pytest.mark.usefixtures("all_settings")

BODY = {"prompt": "an apple", "content_type": "image/png", "url": "https://hooks.example/", "title": "x"}
SIGNED_IN = [route for route in ROUTES if route.scope != PUBLIC]
EVERY_ROUTE = pytest.mark.parametrize("route", SIGNED_IN, ids=lambda route: route.function)


def ask(route: Route, *, scope: str, token_use: str | None = "access") -> Answer:
    return call(route.function, scope=scope, token_use=token_use, path=good_path(route, "a" * 26), body=BODY)


def scope_of(route: Route) -> str:
    return ADMIN_SCOPE if route.scope == ADMIN else MAKER_SCOPE


@EVERY_ROUTE
@pytest.mark.parametrize("token_use", ["id", "refresh", "Access", " "])
def test_only_access_tokens_are_accepted(route: Route, token_use: str) -> None:
    refused = ask(route, scope=scope_of(route), token_use=token_use)

    assert (refused.status, refused.body["type"]) == (401, "/problems/AccessTokenRequired")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


@EVERY_ROUTE
@pytest.mark.parametrize("scope", ["", "openid email", "craftspark/administrator", "craftspark"])
def test_every_route_rejects_a_token_without_one_of_its_scopes(route: Route, scope: str) -> None:
    refused = ask(route, scope=scope)

    assert (refused.status, refused.body["type"]) == (403, "/problems/Forbidden")


@EVERY_ROUTE
def test_a_scope_allows_only_its_routes(route: Route) -> None:
    other = MAKER_SCOPE if route.scope == ADMIN else ADMIN_SCOPE

    assert ask(route, scope=other).body["type"] == "/problems/Forbidden"


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.scope == PUBLIC], ids=lambda route: route.function
)
def test_a_public_route_needs_no_token_and_changes_nothing(route: Route) -> None:
    event = event_of(path=good_path(route, "a" * 26), query=QUERIES.get(route.function))
    del event["requestContext"]["authorizer"]

    assert answer_of(route.function, event).status in (200, 404)
    assert route.method == "GET"


@pytest.mark.parametrize("scope", [MAKER_SCOPE, "craftspark/jobs", f"openid {MAKER_SCOPE}"])
def test_users_and_partners_servers_are_makers(scope: str) -> None:
    assert call("read_account", scope=scope).status == 200


def test_a_token_without_token_use_is_accepted_by_its_scope() -> None:
    assert call("read_account", token_use=None).status == 200
    assert call("read_account", token_use=None, scope="").status == 403


@pytest.mark.parametrize("sub", ["", "a b", "a\n", "\ud800", "a" * 256])
def test_a_token_without_a_maker_is_rejected(sub: str) -> None:
    assert call("read_account", maker=sub).body["type"] == "/problems/Forbidden"


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.costs],
    ids=lambda route: route.function,
)
def test_a_suspended_maker_cannot_use_routes_that_cost_credits(route: Route) -> None:
    account()
    call("suspend_account", scope=ADMIN_SCOPE, path={"maker": "maker-1"}, body={"reason": "stolen card"})
    body = dict(TOOLS["picture"].example) if "{tool}" in route.path else BODY

    refused = call(route.function, path=good_path(route, "a" * 26), body=body)

    assert (refused.status, refused.body["type"]) == (403, "/problems/AccountSuspended")
    assert "stolen card" in refused.body["detail"]
    assert account()["granted"] == SMALL.monthly_credits


@pytest.mark.parametrize("function", ["read_account", "list_jobs", "list_ledger", "list_webhooks", "list_tools"])
def test_a_suspended_maker_can_still_read(function: str) -> None:
    account()
    call("suspend_account", scope=ADMIN_SCOPE, path={"maker": "maker-1"}, body={"reason": "stolen card"})

    assert call(function).status == 200


def test_every_post_of_makers_costs_unless_it_ends_something_or_delivers_what_was_paid() -> None:
    posts = {route.function for route in ROUTES if (route.method, route.scope) == ("POST", "maker")}

    free = {"cancel_job", "zip_files", "appeal_takedown"}
    assert {route.function for route in ROUTES if route.costs} == posts - free | {
        "like_picture",
        "report_picture",
        "change_profile",
    }
