import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from craftspark.jobs.endings import JobSettled
from craftspark.jobs.job import JobState
from craftspark.notifications.webhooks import Webhook, body_of, headers_of, new_secret
from craftspark.routes import ROUTES
from craftspark.tools import TOOLS
from lambdas.http.openapi.document import OPERATIONS, describe
from tests.fakes import NOON

ROOT = Path(__file__).parents[3]


def test_the_committed_description_matches_the_code() -> None:
    committed = json.loads((ROOT / "docs/openapi.json").read_text())

    assert committed == json.loads(json.dumps(describe())), "run `make fix`"


def test_every_route_is_described() -> None:
    assert {route.function for route in ROUTES} == set(OPERATIONS)


def test_every_route_has_a_handler_that_names_it() -> None:
    for route in ROUTES:
        handler = ROOT / "lambdas" / route.function / "handler.py"
        assert handler.read_text().startswith(f'"""{route.key}: '), route


def test_every_tool_has_a_separate_path_and_body() -> None:
    paths = describe()["paths"]

    for tool in TOOLS.values():
        body = paths[f"/v1/tools/{tool.name}/jobs"]["post"]["requestBody"]["content"]["application/json"]
        assert body["schema"]["$ref"].endswith(tool.request.__name__)


def nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object of the document, with its path of names."""
    if isinstance(node, dict):
        yield path, node
        for name, value in node.items():
            yield from nodes(value, (*path, name))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, (*path, str(index)))


def test_every_reference_leads_to_a_component_and_every_component_is_used() -> None:
    document = describe()

    references = {node["$ref"] for _, node in nodes(document) if "$ref" in node}
    components = {f"#/components/{kind}/{name}" for kind, named in document["components"].items() for name in named}
    assert references == {each for each in components if "/securitySchemes/" not in each}


def test_operations_that_have_the_same_refusal_share_its_response() -> None:
    responses = describe()["components"]["responses"]

    assert len({json.dumps(response) for response in responses.values()}) == len(responses)
    assert all("$ref" in response for status, response in all_responses() if status >= "400")


def all_responses() -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in describe()["paths"].values():
        for operation in operations.values():
            yield from operation["responses"].items()


# The parents of named parts. Each named part needs a description.
NAMED = ("schemas", "properties", "headers", "parameters", "responses", "securitySchemes")


def test_everything_with_a_name_has_a_description() -> None:
    document = describe()
    methods = {route.method.lower() for route in ROUTES}

    named = [
        (path, node)
        for path, node in nodes(document)
        if (len(path) > 1 and path[-2] in NAMED) or (len(path) == 3 and path[0] == "paths" and path[-1] in methods)
    ]
    # A shared response or parameter has its description where it is defined; `allOf` narrows a schema that has one.
    unexplained = [
        "/".join(path)
        for path, node in named
        if not node.get("description", "").strip()
        and ("$ref" not in node or path[-2] == "properties")
        and "allOf" not in path
    ]
    assert len(named) > 400
    assert unexplained == []
    assert all(tag["description"] for tag in document["tags"])
    assert {tag["name"] for tag in document["tags"]} == {
        tag for operations in document["paths"].values() for each in operations.values() for tag in each["tags"]
    }


def test_a_response_has_no_null_where_a_field_is_absent() -> None:
    schemas = describe()["components"]["schemas"]

    assert {"type": "null"} not in [node for _, node in nodes(schemas["JobView"])]
    # In a request, null has a meaning.
    assert {"type": "null"} in [node for _, node in nodes(schemas["SuspensionChange"])]


@pytest.mark.parametrize("state", [state for state in JobState if state.final])
def test_the_message_to_a_webhook_is_described(state: JobState) -> None:
    document = describe()
    message = document["webhooks"]["job.settled"]["post"]
    settled = JobSettled(job_id="a" * 26, maker="maker-1", tool="picture", state=state, delivered=1, requested=2)
    body = body_of(settled, "2030-01-01T12:00:00Z")
    webhook = Webhook(
        maker="maker-1", webhook_id="w", url="https://hooks.example/", secret=new_secret(), created_at=NOON
    )

    schema = message["requestBody"]["content"]["application/json"]["schema"]
    jsonschema_rs.validator_for({**schema, "components": document["components"]}).validate(json.loads(body))
    schemas = document["components"]["schemas"]
    assert set(schemas["JobSettledMessage"]["required"]) == json.loads(body).keys()
    assert set(schemas["SettledJob"]["required"]) == json.loads(body)["data"].keys()
    assert {each["name"] for each in message["parameters"]} == {
        name for name in headers_of(webhook, "m", body, NOON) if name.startswith("webhook-")
    }
