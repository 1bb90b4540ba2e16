"""$disconnect of the WebSocket API: forget the connection."""

from http import HTTPStatus
from typing import Any

from lambdas.live import table
from lambdas.log import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    table().drop(event["requestContext"]["connectionId"])
    return {"statusCode": HTTPStatus.OK}
