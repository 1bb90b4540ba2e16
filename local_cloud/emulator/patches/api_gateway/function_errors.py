"""A client of an HTTP API does not see how a function failed.

Gap: the emulator answers 502 with the error of the function, and 429 with that of Lambda. On AWS, the answer is 500
`Internal Server Error`, for a throttled function 503 `Service Unavailable`, and the reason is in the access log.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack.services import lambda_svc

from local_cloud.emulator.patching import Extension, Patch


def extend_shape(shape: Callable[..., Any]) -> Callable[..., Any]:
    def shape_without_reason(result: Mapping[str, Any]) -> Any:
        if result.get("throttle"):
            return _refuse(HTTPStatus.SERVICE_UNAVAILABLE), None
        if result.get("error"):
            lambda_svc.logger.error("API Gateway got an error from a function: %s", result.get("body"))
            return _refuse(HTTPStatus.INTERNAL_SERVER_ERROR), None
        return shape(result)

    return shape_without_reason


def _refuse(status: HTTPStatus) -> dict[str, Any]:
    body = json.dumps({"message": status.phrase})
    return {"statusCode": int(status), "headers": {"Content-Type": "application/json"}, "body": body}


PATCH = Patch(
    name="HTTP API function errors",
    gap="clients see the errors of functions",
    targets=(
        Extension(
            lambda_svc, "lambda_execute_result_to_api_proxy_response", "36f0ed215e854cb715be3a6e5ffc0a73", extend_shape
        ),
    ),
)
