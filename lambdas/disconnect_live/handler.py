"""$disconnect of the WebSocket API: delete the connection."""

from http import HTTPStatus
from typing import Any

from lambdas.log import logger
from lambdas.wiring.live import table


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    table().drop(event["requestContext"]["connectionId"])
    return {"statusCode": HTTPStatus.OK}
