"""DELETE /v1/webhooks/{webhook_id}: delete a webhook."""

from http import HTTPStatus

from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.wiring.webhooks import table


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    table().drop(request.maker, id_in_path(request, "webhook_id"))
    return Response(status=HTTPStatus.NO_CONTENT, body=None)
