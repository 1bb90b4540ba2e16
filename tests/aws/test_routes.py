"""Every route rejects invalid values in every place by name, and never returns a server error."""

import base64
import json
from typing import Any

import pytest

from craftspark.routes import ROUTES, Route
from craftspark.tools import TOOLS
from lambdas.connect_live import handler as connect_live
from lambdas.http.openapi.document import OPERATIONS
from tests.aws import callers
from tests.aws.api import (
    ADMIN_SCOPE,
    MAKER_SCOPE,
    Context,
    account,
    answer_of,
    call,
    clear_caches,
    event_of,
    invoke,
    settle,
    store,
    submit,
)

pytestmark = pytest.mark.usefixtures("all_settings")

DIGITS = "9" * 5000
TEXTS = [
    *(
        "",
        " ",
        "\x00",
        "a\nb",
        "a\r\nX-Other: 1",
        "\ud800",
        "\udfff",
        "\u202e",
        "\u2066",
        "\ufffe",
        "\u200b",
        "é" * 300,
    ),
    *("#", "a#b", "../..", "%00", "%2e%2e%2f", "{0}", "{prompt}", "%s%n", "\\d", "\\1", "${jndi:x}", "' OR 1=1 --"),
    *(DIGITS, "-1", "+1", "1e999", "NaN", "Infinity", "\u0661", "\u00b2", "0x10", "1.0"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2030-13-01", "2030-W01-1", "A" * 5000),
    base64.urlsafe_b64encode(b"2030-01-01T00:00:00.000Z#" + b"a" * 26).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
]
BODIES: list[Any] = [
    *("", "nothing", "{", "[]", "null", "5", '"text"', "[" * 20_000, '{"a":' * 5_000, '{"a": NaN}', DIGITS),
    *('{"count": 1, "count": 2}', '{"prompt": "\\ud800"}', '{"prompt": "a", "seed": 1e999}', "\ud800", "\x00"),
    f'{{"credits": {DIGITS}, "note": "x"}}',
    f'{{"prompt": "a", "seed": {DIGITS}}}',
]
FIELDS = {
    *("prompt", "also", "source", "size", "aspect", "style", "preset", "seed", "count", "guidance", "max_wait_s"),
    *(
        "title",
        "tags",
        "licence",
        "share_words",
        "content_type",
        "url",
        "credits",
        "note",
        "plan",
        "reason",
        "words",
        "name",
        "remix_of",
    ),
}
VALUES: list[Any] = [
    *(*TEXTS, None, True, -1, 10**30, float("inf"), float("nan"), [], ["x"] * 1000, {}, {"a": {}}),
]


@pytest.fixture
def job_id() -> str:
    found: str = submit(count=1).body["job_id"]
    return found


def good_path(route: Route, job_id: str) -> dict[str, str]:
    ids = dict.fromkeys(("author", "picture_id", "upload_id", "webhook_id"), "a" * 26)
    values = {**ids, "tool": "picture", "job_id": job_id, "index": "0", "maker": "maker-1"}
    return {name: value for name, value in values.items() if f"{{{name}}}" in route.path}


def good_body(route: Route) -> dict[str, Any]:
    body: dict[str, Any] = callers.BODIES.get(route.function, {"prompt": "an apple", "count": 1})
    return body


def send(route: Route, place: str | None = None, **parts: Any) -> None:
    """Fail the test if the response is not described, or if it rejects the request without the name of the place.

    The request is valid except for the value at the place. None stands for the whole body.
    """
    answer = invoke(route.function, event_of(scope=f"{MAKER_SCOPE} {ADMIN_SCOPE}", **parts))
    if answer.status == 422:
        named = {answer.body.get("field"), *(each["field"] for each in answer.body.get("errors", []))}
        first = {str(each).partition(".")[0].lower() for each in named}
        assert (place or answer.body.get("field", "").partition(".")[0]).lower() in first, (route, parts, answer)
    if answer.status >= 400:
        assert len(json.dumps(answer.body)) < 20_000


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.function)
def test_no_text_in_a_request_causes_a_server_error(route: Route, job_id: str) -> None:
    path = good_path(route, job_id)
    clear_caches(route.function)
    described = OPERATIONS[route.function].parameters
    parameters = {"unknown", *(each.name for each in described if each.place == "query")}
    headers = {each.name.lower() for each in described if each.place == "header"}
    body = good_body(route)
    query = callers.QUERIES.get(route.function, {})

    for text in TEXTS:
        for name in path:
            send(route, name, path={**path, name: text}, query=query, body=body)
        for name in parameters:
            others = {} if name == "maker" else query  # which replaces an email address
            send(route, name, path=path, query={**others, name: text}, body=body)
        for name in headers:
            send(route, name, path=path, query=query, headers={name: text}, body=body)
    assert account()["granted"] >= 0


WITH_BODY = [route for route in ROUTES if OPERATIONS[route.function].body or "{tool}" in route.path]


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.function)
def test_no_body_causes_a_server_error(route: Route, job_id: str) -> None:
    path = good_path(route, job_id)
    clear_caches(route.function)

    for body in BODIES:
        send(route, path=path, body=body)
    for field in FIELDS:
        for value in VALUES:
            send(route, field, path=path, body={**good_body(route), field: value})


@pytest.mark.parametrize("tool", TOOLS)
def test_no_field_of_a_tool_causes_a_server_error(tool: str, job_id: str) -> None:
    route = next(route for route in ROUTES if route.function == "quote_job")
    example = dict(TOOLS[tool].example)
    if TOOLS[tool].example_request.wanted_sources:
        store(job_id, 0, alpha=True)
        settle(job_id)
        example = TOOLS[tool].request.add_sources(example, [f"{job_id}/0"])
    clear_caches(route.function)

    for field in TOOLS[tool].request.model_fields:
        for value in (*VALUES, {"width": float("nan")}):
            send(route, field, path={"tool": tool}, body={**example, field: value})


@pytest.mark.parametrize(
    ("function", "parameter"),
    [
        *(("list_jobs", name) for name in ("limit", "cursor", "since", "until", "state")),
        *(("list_ledger", name) for name in ("limit", "cursor")),
    ],
)
@pytest.mark.parametrize("text", [DIGITS, "\x00", "\ud800", "9999-12-31T23:59:59-14:00"])
def test_a_parameter_out_of_bounds_is_rejected_with_its_name(function: str, parameter: str, text: str) -> None:
    refused = call(function, query={parameter: text})

    assert (refused.status, refused.body["field"]) == (422, parameter)


@pytest.mark.parametrize("missing", ["headers", "queryStringParameters", "pathParameters", "body", "isBase64Encoded"])
@pytest.mark.parametrize("function", ["list_jobs", "read_account", "list_tools"])
def test_a_missing_part_of_an_event_is_empty(function: str, missing: str) -> None:
    event = event_of()
    del event[missing]

    assert answer_of(function, event).status == 200


@pytest.mark.parametrize("body", ["%", "a", "\ud800", "é", "////8"])
def test_an_invalid_base64_body_is_rejected(body: str) -> None:
    refused = answer_of("create_upload", {**event_of(), "body": body, "isBase64Encoded": True})

    assert (refused.status, refused.body["field"]) == (422, "body")


def test_header_names_are_case_insensitive() -> None:
    first, again = (
        call("submit_job", path={"tool": "picture"}, body={"prompt": "x", "count": 1}, headers={name: "k"})
        for name in ("Idempotency-Key", "IDEMPOTENCY-KEY")
    )

    assert first.body["job_id"] == again.body["job_id"]


def test_a_ledger_with_unusual_keys_can_be_paged() -> None:
    account()
    for number in range(3):
        call(
            "grant_credits",
            maker="operator",
            scope="craftspark/admin",
            path={"maker": "maker-1"},
            body={"credits": 1, "note": "order"},
            headers={"idempotency-key": f"order {number} (é?)".replace("é", "e") + "/" * 200},
        )

    names, cursor = [], None
    while True:
        page = call("list_ledger", query={"limit": "1", **({"cursor": cursor} if cursor else {})})
        assert page.status == 200, page.body
        names += [entry["name"] for entry in page.body["entries"]]
        cursor = page.body.get("next_cursor")
        if not cursor:
            break

    assert len(names) == len(set(names)) == 4


@pytest.mark.parametrize("ticket", [*TEXTS, "a" * 32])
def test_no_ticket_causes_a_server_error_at_connect(ticket: str) -> None:
    for query in ({"ticket": ticket}, {}, None):
        event = {"requestContext": {"connectionId": "c"}, "queryStringParameters": query}
        assert connect_live.handler(event, Context())["statusCode"] == 403
