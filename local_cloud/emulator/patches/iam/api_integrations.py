"""API Gateway invokes a function only if the function's policy allows it for the route.

Gap: an API may invoke every function, and the answer is 200. On AWS, it is 500 without the permission that a template
gives with `AWS::Lambda::Permission`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway

from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.emulator.permissions.callers import AccessDenied, check_service

SERVICE = "apigateway.amazonaws.com"
REFUSED = 500, {"Content-Type": "application/json"}, json.dumps({"message": "Internal Server Error"}).encode()


def invoke_as_api(invoke: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Invoke the function of a route of an HTTP API, if that is allowed."""

    async def invoke_lambda_proxy(
        integration: Mapping[str, Any], api_id: str, stage: str, path: str, method: str, *request: Any, **options: Any
    ) -> Any:
        *_, route_key = request[:4]
        verb, _, template = route_key.partition(" ")
        if not _may_invoke(integration, f"{api_id}/{stage}/{verb}{template}"):
            return REFUSED
        return await invoke(integration, api_id, stage, path, method, *request, **options)

    return invoke_lambda_proxy


def invoke_as_web_socket_api(invoke: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Invoke the function of a route of a WebSocket API, if that is allowed."""

    async def invoke_ws_lambda(
        api_id: str, account_id: str, region: str, route: Mapping[str, Any], stage: str, *event: Any, **options: Any
    ) -> Any:
        integration = apigateway._integrations.get(api_id, {}).get(route.get("target", "").rpartition("/")[2])
        source = f"{api_id}/{stage}/{route.get('routeKey', '$default')}"
        if integration and integration.get("integrationType") != "MOCK" and not _may_invoke(integration, source):
            return {"statusCode": 500}
        return await invoke(api_id, account_id, region, route, stage, *event, **options)

    return invoke_ws_lambda


def _may_invoke(integration: Any, source: str) -> bool:
    function = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    arn = f"arn:aws:execute-api:{get_region()}:{get_account_id()}:{source}"
    try:
        check_service(SERVICE, "lambda:InvokeFunction", function, arn)
    except AccessDenied as error:
        apigateway.logger.error("API Gateway did not invoke a function: %s", error)
        return False
    return True


PATCH = Patch(
    name="IAM API integrations",
    gap="an API may invoke every function",
    targets=(
        Extension(apigateway, "_invoke_lambda_proxy", "fbe5024fcd36643f48b24c6bf405e6d4", invoke_as_api),
        Extension(apigateway, "_invoke_ws_lambda", "a80872394b0b55f385460ac13f6c8d9e", invoke_as_web_socket_api),
        Target(apigateway, "_extract_lambda_ref_from_integration_uri", "9454805a7592f6415c14c3734f3072cb"),
    ),
)
