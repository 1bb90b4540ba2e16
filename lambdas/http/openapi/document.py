"""The OpenAPI document."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from craftspark.routes import ROUTES, Route
from craftspark.tools import TOOLS, Tool
from lambdas.http.openapi.account_operations import ACCOUNT_OPERATIONS
from lambdas.http.openapi.admin_operations import ADMIN_OPERATIONS
from lambdas.http.openapi.curation_operations import CURATION_OPERATIONS
from lambdas.http.openapi.gallery_operations import GALLERY_OPERATIONS
from lambdas.http.openapi.job_operations import JOB_OPERATIONS
from lambdas.http.openapi.profile_operations import PROFILE_OPERATIONS
from lambdas.http.openapi.responses import SCHEMA, reference, refusals, responses
from lambdas.http.openapi.security import SCHEMES, SECURITY
from lambdas.http.openapi.webhook_messages import describe_messages
from lambdas.http.problems import GatewayProblem, Problem
from lambdas.http.webhook_views import JobSettledMessage

OPERATIONS = {
    **JOB_OPERATIONS,
    **GALLERY_OPERATIONS,
    **CURATION_OPERATIONS,
    **PROFILE_OPERATIONS,
    **ACCOUNT_OPERATIONS,
    **ADMIN_OPERATIONS,
}
TAGS = {
    "tools": "List the tools, create jobs and get quotes.",
    "jobs": "Read, rename, cancel and delete jobs.",
    "gallery": "List, read, like, report and remix published pictures, and take back your own.",
    "uploads": "Upload images for the tools that start from one.",
    "live": "Receive updates about jobs over a WebSocket.",
    "account": "Read the plan, the credits and the ledger of your account, and your pictures and name in the gallery.",
    "plans": "Compare the plans.",
    "webhooks": "Receive the results of jobs at your own HTTPS endpoints.",
    "admin": "Manage the accounts of makers, and review published pictures. Requires the scope `craftspark/admin`.",
}
INFO = {
    "title": "Craftspark",
    "version": "1",
    "summary": "Image generation for crafters",
    "description": "Craftspark generates images for crafters: create a job with one of the tools, then read the job "
    "until it has ended.\n\n"
    "Each request needs an access token, except those that read the gallery. Errors are problem details as specified "
    "by RFC 9457, with a stable `type`. Errors of API Gateway are `application/json` with a `message` instead. In "
    "addition to the responses of each operation, API Gateway returns 404 for an unknown path or method, 431 for "
    "headers larger than 10 KB and 500 for an internal error.",
    "contact": {"name": "The operators of your Craftspark deployment"},
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


class Schemas(GenerateJsonSchema):
    """JSON schemas as the API uses them: fields without titles, and in responses absent instead of null."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        return super().nullable_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if self.mode == "serialization" and schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def describe() -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, Any] = {}
    for route, tool in routes():
        path = route.path.replace("{tool}", tool.name) if tool else route.path
        paths.setdefault(path, {})[route.method.lower()] = describe_operation(route, tool)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "webhooks": describe_messages(),
        "components": components(),
    }


def routes() -> Iterator[tuple[Route, Tool | None]]:
    """Each route; a route with a tool in its path once for each tool."""
    for route in ROUTES:
        if "{tool}" in route.path:
            yield from ((route, tool) for tool in TOOLS.values())
        else:
            yield route, None


def describe_operation(route: Route, tool: Tool | None) -> dict[str, Any]:
    """The OpenAPI operation object of a route, with a tool where its path has one."""
    operation = OPERATIONS[route.function]
    title = tool.title if tool else ""
    described: dict[str, Any] = {
        "operationId": f"{route.function}_{tool.name}" if tool else route.function,
        "summary": operation.summary.format(title=title),
        "description": (f"{tool.summary}\n\n" if tool else "") + operation.description,
        "tags": [tag_of(route)],
        "security": SECURITY[route.scope],
    }
    if operation.parameters:
        described["parameters"] = [parameter.reference for parameter in operation.parameters]
    if tool:
        content = {"schema": reference(tool.request), "example": dict(tool.example)}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    if operation.body:
        content = {"schema": reference(operation.body)}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return {**described, "responses": responses(operation, route, tool)}


def tag_of(route: Route) -> str:
    """The tag of a route: the part of its path after the version."""
    return route.path.split("/")[2]


def components() -> dict[str, Any]:
    """What operations share: schemas, responses, parameters and security schemes."""
    parameters = {each.component: each for operation in OPERATIONS.values() for each in operation.parameters}
    shared = {
        refusal.component: refusal
        for route, tool in routes()
        for refusal in refusals(OPERATIONS[route.function], route, tool)
    }
    return {
        "schemas": schemas(),
        "responses": {name: shared[name].describe() for name in sorted(shared)},
        "parameters": {name: parameters[name].describe() for name in sorted(parameters)},
        "securitySchemes": SCHEMES,
    }


def schemas() -> dict[str, Any]:
    """The schemas of all request and response bodies, by name."""
    answers: set[type[BaseModel]] = {
        Problem,
        GatewayProblem,
        JobSettledMessage,
        *(operation.answer for operation in OPERATIONS.values() if operation.answer),
    }
    _, definitions = models_json_schema(
        [
            *((tool.request, "validation") for tool in TOOLS.values()),
            *((operation.body, "validation") for operation in OPERATIONS.values() if operation.body),
            *((model, "serialization") for model in sorted(answers, key=lambda model: model.__name__)),
        ],
        ref_template=SCHEMA,
        schema_generator=Schemas,
    )
    found: dict[str, Any] = definitions["$defs"]
    return found
