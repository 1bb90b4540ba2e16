"""The responses of each operation: its success, its problems, and the errors of API Gateway."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from craftspark import errors
from craftspark.errors import ApiProblem
from craftspark.routes import ADMIN, PUBLIC, Route
from craftspark.tools import Tool
from craftspark.tools.request import JobRequest
from lambdas.http.openapi.operation import Operation
from lambdas.http.problems import CONTENT_TYPE, PROBLEMS, GatewayProblem, Problem, type_of

SCHEMA = "#/components/schemas/{model}"
HEADERS = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Number of seconds to wait before the next request."},
    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "Reason why the token was refused."},
}


def reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": SCHEMA.format(model=model.__name__)}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A response that is an error: problems of these kinds, or an error of API Gateway with this text, or both.

    Operations share it: the document has it once, under `components`.
    """

    status: HTTPStatus
    kinds: tuple[type[ApiProblem], ...]
    by_gateway: str | None

    @property
    def component(self) -> str:
        """Its name in the document, such as `AccountSuspended_Forbidden` or `TooManyRequests_Gateway429`."""
        names = sorted(kind.__name__ for kind in self.kinds)
        return "_".join([*names, *([f"Gateway{self.status.value}"] if self.by_gateway else [])])

    @property
    def reference(self) -> dict[str, str]:
        return {"$ref": f"#/components/responses/{self.component}"}

    def describe(self) -> dict[str, Any]:
        """The OpenAPI response object."""
        texts = [f"`{type_of(kind.__name__)}`: {PROBLEMS[kind].title}." for kind in self.kinds]
        content: dict[str, Any] = {}
        if self.kinds:
            types = {"type": {"enum": [type_of(kind.__name__) for kind in self.kinds]}}
            content[CONTENT_TYPE] = {"schema": {"allOf": [reference(Problem), {"type": "object", "properties": types}]}}
        if self.by_gateway:
            texts.append(f"From API Gateway: {self.by_gateway}.")
            content["application/json"] = {"schema": reference(GatewayProblem)}
        description = texts[0] if len(texts) == 1 else "\n".join(f"- {text}" for text in texts)
        sent = {
            "Retry-After": any(PROBLEMS[kind].retry_after_s for kind in self.kinds),
            "WWW-Authenticate": errors.AccessTokenRequired in self.kinds,
        }
        headers = {name: HEADERS[name] for name, there in sent.items() if there}
        return {"description": description, **({"headers": headers} if headers else {}), "content": content}


def responses(operation: Operation, route: Route, tool: Tool | None) -> dict[str, Any]:
    """Every response of an operation, by its status."""
    headers = {
        name: {"description": description, "schema": {"type": "string"}}
        for name, description in operation.headers.items()
    }
    with_headers = {"headers": headers} if headers else {}
    success: dict[str, Any] = {"description": operation.success, **with_headers}
    if operation.answer:
        success["content"] = {"application/json": {"schema": reference(operation.answer)}}
    described = {str(operation.status.value): success}
    if operation.not_modified:
        described["304"] = {"description": "Nothing has changed.", **with_headers}
    for refusal in refusals(operation, route, tool):
        described[str(refusal.status.value)] = refusal.reference
    return described


def refusals(operation: Operation, route: Route, tool: Tool | None) -> Iterator[Refusal]:
    """The errors of an operation, by status."""
    by_status = problems_of(operation, route, tool)
    by_gateway = refusals_of_gateway(operation, route, tool)
    for status in sorted({*by_status, *by_gateway}):
        yield Refusal(status=status, kinds=tuple(by_status.get(status, ())), by_gateway=by_gateway.get(status))


def problems_of(operation: Operation, route: Route, tool: Tool | None) -> dict[HTTPStatus, list[type[ApiProblem]]]:
    """The problems that the function returns, by status and name."""
    costs = (errors.AccountSuspended,) if route.costs else ()
    # Only requests that override `words` have words to moderate.
    words = operation.of_words if tool and tool.request.words is not JobRequest.words else ()
    busy = () if operation.fixed else (errors.ServiceBusy,)
    of_tokens = () if route.scope == PUBLIC else (errors.AccessTokenRequired, errors.Forbidden)
    kinds = {*operation.refusals, *words, *costs, *busy, *of_tokens}
    by_status: dict[HTTPStatus, list[type[ApiProblem]]] = {}
    for error in sorted(kinds, key=lambda kind: kind.__name__):
        by_status.setdefault(PROBLEMS[error].status, []).append(error)
    return by_status


def refusals_of_gateway(operation: Operation, route: Route, tool: Tool | None) -> dict[HTTPStatus, str]:
    """What API Gateway returns before or instead of the function."""
    found = {
        HTTPStatus.UNAUTHORIZED: "the access token is missing, expired, invalid or for another service",
        HTTPStatus.TOO_MANY_REQUESTS: "the operation receives too many requests per second",
        HTTPStatus.SERVICE_UNAVAILABLE: "the service is not available at the moment",
    }
    if route.scope == PUBLIC:
        del found[HTTPStatus.UNAUTHORIZED]
    if route.scope == ADMIN:
        found[HTTPStatus.FORBIDDEN] = "the access token does not have the scope `craftspark/admin`"
    if operation.body or tool:
        found[HTTPStatus.REQUEST_ENTITY_TOO_LARGE] = "the request body is larger than 10 MB"
    return found
