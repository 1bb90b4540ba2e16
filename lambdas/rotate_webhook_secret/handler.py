"""POST /v1/webhooks/{webhook_id}/secret: a new secret; the old one signs beside it for a day."""

from lambdas.accounts import active_makers_only
from lambdas.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.webhook_views import webhook_view
from lambdas.webhooks import table, webhooks


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    webhook = table().get(request.maker, id_in_path(request, "webhook_id"))
    return Response(body=webhook_view(webhooks().rotate(webhook), secret=True))
