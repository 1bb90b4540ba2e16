"""What each operation of the OpenAPI description answers: its success, its problems, and the gateway's own refusals."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from craftspark import errors
from craftspark.errors import CraftsparkError
from craftspark.routes import ADMIN, Route
from craftspark.tools import Tool
from craftspark.tools.request import JobRequest
from lambdas.http.problems import CONTENT_TYPE, RETRY_AFTER_S, STATUS, TITLES, GatewayProblem, Problem, type_of

REF = "#/components/schemas/{model}"
HEADERS = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."},
    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "What is wrong with the token."},
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What one route takes and answers. `of_words` are refusals that only tools have whose requests have words."""

    summary: str
    answer: type[BaseModel] | None
    body: type[BaseModel] | None = None
    refusals: tuple[type[CraftsparkError], ...] = ()
    of_words: tuple[type[CraftsparkError], ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    status: HTTPStatus = HTTPStatus.OK
    not_modified: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REF.format(model=model.__name__)}


def responses(operation: Operation, route: Route, tool: Tool | None) -> dict[str, Any]:
    """Every answer of an operation, by its status."""
    headers = {
        name: {"description": description, "schema": {"type": "string"}}
        for name, description in operation.headers.items()
    }
    with_headers = {"headers": headers} if headers else {}
    success: dict[str, Any] = {"description": operation.status.phrase, **with_headers}
    if operation.answer:
        success["content"] = {"application/json": {"schema": ref(operation.answer)}}
    described = {str(operation.status.value): success}
    if operation.not_modified:
        described["304"] = {"description": "Nothing new", **with_headers}
    by_status = problems_of(operation, route, tool)
    by_gateway = refusals_of_gateway(operation, route, tool)
    for status in sorted({*by_status, *by_gateway}):
        described[str(status.value)] = refused(by_status.get(status, []), by_gateway.get(status))
    return described


def problems_of(operation: Operation, route: Route, tool: Tool | None) -> dict[HTTPStatus, list[type[CraftsparkError]]]:
    """The problems that the function answers, by status."""
    costs = (errors.AccountSuspended,) if route.costs else ()
    # A property that a request does not define itself answers no words.
    words = operation.of_words if tool and tool.request.words is not JobRequest.words else ()
    by_status: dict[HTTPStatus, list[type[CraftsparkError]]] = {}
    for error in dict.fromkeys((*operation.refusals, *words, *costs, errors.AccessTokenRequired, errors.Forbidden)):
        by_status.setdefault(STATUS[error], []).append(error)
    return by_status


def refusals_of_gateway(operation: Operation, route: Route, tool: Tool | None) -> dict[HTTPStatus, str]:
    """What API Gateway answers by itself, before or instead of the function."""
    found = {
        HTTPStatus.UNAUTHORIZED: "no token, or one that is expired, tampered with or not for this service",
        HTTPStatus.TOO_MANY_REQUESTS: "more requests than the service takes in a second",
        HTTPStatus.SERVICE_UNAVAILABLE: "the service does not answer at the moment",
    }
    if route.scope == ADMIN:
        found[HTTPStatus.FORBIDDEN] = "a token without the scope for administration"
    if operation.body or tool:
        found[HTTPStatus.REQUEST_ENTITY_TOO_LARGE] = "a body of more than 10 MB"
    return found


def refused(kinds: list[type[CraftsparkError]], by_gateway: str | None) -> dict[str, Any]:
    """One status: problems of these types, and what the gateway answers with it."""
    texts = [f"`{type_of(kind.__name__)}`: {TITLES[kind.__name__]}" for kind in kinds]
    content: dict[str, Any] = {}
    if kinds:
        types = {"type": {"enum": [type_of(kind.__name__) for kind in kinds]}}
        content[CONTENT_TYPE] = {"schema": {"allOf": [ref(Problem), {"type": "object", "properties": types}]}}
    if by_gateway:
        texts.append(f"from the gateway, without a problem: {by_gateway}")
        content["application/json"] = {"schema": ref(GatewayProblem)}
    described: dict[str, Any] = {"description": "; ".join(texts), "content": content}
    sent = {
        "Retry-After": any(kind in RETRY_AFTER_S for kind in kinds),
        "WWW-Authenticate": errors.AccessTokenRequired in kinds,
    }
    if headers := {name: HEADERS[name] for name, there in sent.items() if there}:
        described["headers"] = headers
    return described
