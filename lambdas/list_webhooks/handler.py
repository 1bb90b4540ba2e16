"""GET /v1/webhooks: list the maker's webhooks."""

from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.webhook_views import WebhookList, webhook_view
from lambdas.log import logger
from lambdas.wiring.webhooks import table


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    return Response(body=WebhookList(webhooks=[webhook_view(webhook) for webhook in table().of(request.maker)]))
