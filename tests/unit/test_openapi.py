import json
from pathlib import Path

from craftspark.routes import ROUTES
from craftspark.tools import TOOLS
from lambdas.http.openapi import OPERATIONS, describe

ROOT = Path(__file__).parents[2]


def test_the_committed_description_is_what_the_code_says() -> None:
    committed = json.loads((ROOT / "docs/openapi.json").read_text())

    assert committed == json.loads(json.dumps(describe())), "run `make fix`"


def test_every_route_is_described() -> None:
    assert {route.function for route in ROUTES} == set(OPERATIONS)


def test_every_route_s_handler_is_there() -> None:
    for route in ROUTES:
        assert (ROOT / "lambdas" / route.function / "handler.py").is_file(), route


def test_every_tool_has_a_path_and_a_body_of_its_own() -> None:
    paths = describe()["paths"]

    for tool in TOOLS.values():
        body = paths[f"/v1/tools/{tool.name}/jobs"]["post"]["requestBody"]["content"]["application/json"]
        assert body["schema"]["$ref"].endswith(tool.request.__name__)


def test_every_reference_leads_somewhere() -> None:
    document = describe()
    text = json.dumps(document)
    schemas = document["components"]["schemas"]

    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(schemas)
