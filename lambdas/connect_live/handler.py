"""$connect of the WebSocket API: accept a connection that has a valid ticket."""

from http import HTTPStatus
from typing import Any

from lambdas.log import logger
from lambdas.wiring.live import live


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    ticket = (event.get("queryStringParameters") or {}).get("ticket", "")
    maker = live().connect(event["requestContext"]["connectionId"], ticket)
    if maker is None:
        logger.info("connection refused")
        return {"statusCode": HTTPStatus.FORBIDDEN}
    logger.info("connection opened")
    return {"statusCode": HTTPStatus.OK}
