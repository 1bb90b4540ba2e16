"""The responses that API Gateway returns itself agree with the API description of each route."""

from typing import Any

from cdk_app.stages.values import STAGES
from craftspark.routes import PUBLIC, ROUTES, Route
from craftspark.tools import TOOLS
from tests.description import DOCUMENT, OPERATIONS, PATHS
from tests.stacks.synthesis import Synthesis

SIGNED_IN = "aws.cognito.signin.user.admin"


def operations_of(route: Route) -> list[dict[str, Any]]:
    """The operations of a route: one, or one for each tool."""
    paths = {route.path.replace("{tool}", tool) for tool in TOOLS}
    return [PATHS[path][route.method.lower()] for path in paths]


def described(operation: dict[str, Any]) -> set[int]:
    """The status codes of errors without a problem type."""
    responses = operation["responses"].items()
    return {int(status) for status, response in responses if status >= "4" and has_json(response)}


def has_json(response: dict[str, Any]) -> bool:
    return "application/json" in response.get("content", {})


def test_each_refusal_of_the_gateway_is_described_where_the_template_has_its_cause(synthesis: Synthesis) -> None:
    made = {
        each["RouteKey"]: each
        for name, each in (
            (name, each["Properties"]) for name, each in synthesis.of_type("AWS::ApiGatewayV2::Route").items()
        )
        if name.startswith("Api/")
    }
    settings, _ = [
        each["RouteSettings"]
        for each in synthesis.properties("AWS::ApiGatewayV2::Stage")
        if each["StageName"] != "live"
    ]
    integrations = synthesis.of_type("AWS::ApiGatewayV2::Integration")
    assert set(made) == {route.key for route in ROUTES}

    for route in ROUTES:
        properties = made[route.key]
        integration = integrations[f"Api/{properties['Target']['Fn::Join'][1][1]['Ref']}"]["Properties"]
        causes = {
            401: properties["AuthorizationType"] == "JWT",
            403: bool(properties.get("AuthorizationScopes")),
            429: settings[route.key]["ThrottlingRateLimit"] > 0,
            503: integration["IntegrationType"] == "AWS_PROXY",
        }
        for operation in operations_of(route):
            # The body limit of API Gateway is fixed.
            wanted = {status for status, there in causes.items() if there} | (
                {413} & {413 if "requestBody" in operation else 0}
            )
            assert described(operation) == wanted, operation["operationId"]


def test_what_clients_of_browsers_read_of_an_answer_is_exposed(synthesis: Synthesis) -> None:
    """A front end needs access to each response header that the description lists."""
    headers = {
        name.lower()
        for operation in OPERATIONS.values()
        for response in operation["responses"].values()
        for name in response.get("headers", {})
    }
    for api in synthesis.properties("AWS::ApiGatewayV2::Api"):
        if cors := api.get("CorsConfiguration"):
            assert headers <= set(cors["ExposeHeaders"])


def test_the_scopes_that_are_described_are_those_of_each_stage_with_a_user_pool() -> None:
    for route in ROUTES:
        for operation in operations_of(route):
            schemes = {name: scopes for each in operation["security"] for name, scopes in each.items()}
            # Every user who signs in has Cognito's own scope, which a client cannot request.
            signed_in = {SIGNED_IN} if "signIn" in schemes else set()
            for stage in STAGES.values():
                demanded = set(stage.api.scopes[route.scope]) if route.scope != PUBLIC else set()
                assert {*schemes.get("service", ()), *signed_in} == demanded, operation["operationId"]


def test_the_scheme_of_the_signed_in_names_their_scope() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]

    assert f"`{SIGNED_IN}`" in schemes["signIn"]["description"]
    declared = set(schemes["service"]["flows"]["clientCredentials"]["scopes"])
    assert declared | {SIGNED_IN} == {scope for scopes in STAGES["dev"].api.scopes.values() for scope in scopes}
