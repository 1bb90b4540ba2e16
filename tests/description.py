"""docs/openapi.json, with shared parameters and responses inserted into each operation."""

import json
from pathlib import Path
from typing import Any

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[1] / "docs" / "openapi.json").read_text())


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """The component that a reference names, or any other node unchanged."""
    if "$ref" not in node:
        return node
    _, components, kind, name = node["$ref"].split("/")
    found: dict[str, Any] = DOCUMENT[components][kind][name]
    return found


def whole(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation with its parameters and responses in place of references."""
    return {
        **operation,
        "parameters": [resolved(parameter) for parameter in operation.get("parameters", [])],
        "responses": {status: resolved(response) for status, response in operation["responses"].items()},
    }


PATHS: dict[str, dict[str, dict[str, Any]]] = {
    path: {method: whole(operation) for method, operation in operations.items()}
    for path, operations in DOCUMENT["paths"].items()
}
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation for operations in PATHS.values() for operation in operations.values()
}
