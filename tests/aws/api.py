"""Call a handler like API Gateway, and change a job like the worker and the state machine."""

import json
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest

from craftspark.aws import clients
from craftspark.aws.jobs.job_table import JobTable, settlement
from craftspark.aws.jobs.render_table import RenderTable
from craftspark.jobs.endings import JobEnd
from craftspark.jobs.job import Job, StoredImage
from craftspark.routes import ADMIN, ROUTES
from craftspark.settings.accounts import TokenSettings
from craftspark.settings.rendering import SettleSettings
from lambdas.http import endpoint
from tests.aws.conftest import ACCOUNTS, JOBS, STYLES
from tests.aws.described import check_answer, operation_of
from tests.fakes import NOON

# The scopes that Cognito writes into the access token of a user, and of an administrator's client.
MAKER_SCOPE, ADMIN_SCOPE = "aws.cognito.signin.user.admin", "craftspark/admin"


@dataclass
class Context:
    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id: str = "request"
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


def event_of(
    *,
    maker: str | None = "maker-1",
    scope: str | None = None,
    token_use: str | None = "access",
    email: str | None = None,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The event that API Gateway sends for a request, in payload format 2.0."""
    claims = {"sub": maker, "scope": MAKER_SCOPE if scope is None else scope, "token_use": token_use, "email": email}
    return {
        "version": "2.0",
        "headers": headers or {},
        "pathParameters": path,
        "queryStringParameters": query,
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": uuid4().hex,
            "authorizer": {"jwt": {"claims": {name: value for name, value in claims.items() if value}}},
        },
    }


def call(function: str, **request: Any) -> Answer:
    """Send a request with the arguments of `event_of`."""
    return answer_of(function, event_of(**request))


def answer_of(function: str, event: dict[str, Any]) -> Answer:
    clear_caches(function)
    [route_key] = {f"{route.method} {route.path}" for route in ROUTES if route.function == function}
    return invoke(function, {"routeKey": route_key, **event})


def clear_caches(function: str) -> None:
    """Clear the objects that a handler built from the settings of another test."""
    module = import_module(f"lambdas.{function}.handler")
    endpoint.scopes.cache_clear()
    for shared in ("submissions", "accounts", "uploads", "moderation"):
        getattr(import_module(f"lambdas.wiring.{shared}"), shared).cache_clear()
    import_module("lambdas.wiring.accounts").account_table.cache_clear()
    for shared in ("settings", "table", "store", "links"):
        getattr(import_module("lambdas.wiring.uploads"), shared).cache_clear()
    for shared in (
        "table",
        "links",
        "gallery",
        "popular_table",
        "liking",
        "kept_table",
        "reports_table",
        "curation",
        "profiles",
    ):
        getattr(import_module("lambdas.wiring.gallery"), shared).cache_clear()
    for shared in ("search", "indexing"):
        getattr(import_module(f"lambdas.wiring.{shared}"), shared).cache_clear()
    import_module("lambdas.http.administration").audit_table.cache_clear()
    for shared in ("job_list", "job_editor", "image_bucket"):
        getattr(import_module("lambdas.wiring.jobs"), shared).cache_clear()
    for factory in ("links", "settlement", "models", "user_pool"):
        getattr(getattr(module, factory, None), "cache_clear", lambda: None)()


def invoke(function: str, event: dict[str, Any]) -> Answer:
    # Each function has the scopes of its route in its environment, as in its stack.
    [kind] = {route.scope for route in ROUTES if route.function == function}
    scopes = TokenSettings(token_scopes=ADMIN_SCOPE if kind == ADMIN else f"{MAKER_SCOPE} craftspark/jobs")
    endpoint.scopes.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in scopes.to_environment().items():
            patched.setenv(name, value)
        answer = import_module(f"lambdas.{function}.handler").handler(event, Context())
    status, headers, body = answer["statusCode"], answer["headers"], json.loads(answer["body"] or "null")
    tool = (event.get("pathParameters") or {}).get("tool")
    check_answer(operation_of(function, tool), status, headers, body)
    return Answer(status, headers, body)


def submit(prompt: str = "a red apple", *, key: str | None = None, maker: str = "maker-1", **request: Any) -> Answer:
    headers = {"idempotency-key": key} if key else {}
    body = {"prompt": prompt, **request}
    return call("submit_job", maker=maker, path={"tool": "picture"}, body=body, headers=headers)


def job_table() -> JobTable:
    return JobTable(client=clients.dynamodb(), jobs_table=JOBS, accounts_table=ACCOUNTS, styles_table=STYLES)


def render_table() -> RenderTable:
    return RenderTable(client=clients.dynamodb(), jobs_table=JOBS)


def store(job_id: str, *indexes: int, side: int = 128, alpha: bool = False, object_aspect: float | None = None) -> Job:
    job = render_table().start(job_id).job
    for index in indexes:
        image = StoredImage(
            index=index,
            width=side,
            height=side,
            alpha=alpha,
            render_s=0.25,
            stored_at=NOON,
            seed=job.seeds[index],
            object_aspect=object_aspect,
        )
        render_table().add(job, image)
    return job


def settle(job_id: str) -> Job:
    return settlement(SettleSettings(jobs_table=JOBS, accounts_table=ACCOUNTS, styles_table=STYLES)).settle(
        JobEnd(job_id=job_id, outcomes=())
    )[0]


def account(maker: str = "maker-1") -> dict[str, Any]:
    body: dict[str, Any] = call("read_account", maker=maker).body
    assert body["granted"] == body["available"] + body["reserved"] + body["spent"] + body["expired"]
    return body


def read(job_id: str, maker: str = "maker-1") -> Answer:
    return call("read_job", maker=maker, path={"job_id": job_id})
