"""docs/openapi.json, with which each response of a handler to a test's client is compared."""

from functools import cache
from typing import Any

import jsonschema_rs

from tests.description import DOCUMENT, OPERATIONS

PROBLEM = "application/problem+json"


def operation_of(function: str, tool: str | None) -> str | None:
    """The id of the operation, or None for an unknown tool, whose path is not described."""
    name = function if function in OPERATIONS else f"{function}_{tool}"
    return name if name in OPERATIONS else None


def answers_of(operation: str) -> set[str]:
    """The responses of the operation's function: a status, or the type of a problem."""
    found = set()
    for status, response in OPERATIONS[operation]["responses"].items():
        if PROBLEM in response.get("content", {}):
            found |= set(response["content"][PROBLEM]["schema"]["allOf"][1]["properties"]["type"]["enum"])
        elif int(status) < 400:
            found.add(status)
    return {each.removeprefix("/problems/") for each in found}


def parameters_of(operation: str, place: str) -> set[str]:
    """The names of the parameters in the path, the query or the header."""
    return {each["name"] for each in OPERATIONS[operation]["parameters"] if each["in"] == place}


def check_answer(operation: str | None, status: int, headers: dict[str, str], body: Any) -> None:
    """Fail the test if the response has a status, type, header or body that the description does not have."""
    if operation is None:
        assert status in (401, 403, 404, 422), (status, body)
        return
    response = OPERATIONS[operation]["responses"].get(str(status))
    assert response, f"{operation} answers {status}, which is not described: {body}"
    unknown = set(headers) - {"Content-Type", "Cache-Control", *response.get("headers", {})}
    assert not unknown, f"{operation} answers {status} with headers that are not described: {unknown}"
    content_type = PROBLEM if status >= 400 else "application/json"
    if content_type not in response.get("content", {}):
        assert body is None, f"{operation} answers {status} with a body or a problem that is not described: {body}"
        return
    assert headers["Content-Type"] == content_type, (operation, status, headers)
    faults = [error.message for error in validator(operation, status, content_type).iter_errors(body)]
    assert not faults, f"{operation} answers {status} with a body that is not described: {faults}: {body}"


@cache
def validator(operation: str, status: int, content_type: str) -> Any:
    schema = OPERATIONS[operation]["responses"][str(status)]["content"][content_type]["schema"]
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.validator_for(whole, validate_formats=True)
