"""GET /v1/webhooks/{webhook_id}/deliveries: list the deliveries of a webhook."""

from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.pages import limit_of
from lambdas.http.webhook_views import DeliveryList, delivery_view
from lambdas.log import logger
from lambdas.wiring.webhooks import table


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = limit_of(request.query)
    deliveries = table().deliveries(request.maker, id_in_path(request, "webhook_id"), limit)
    return Response(body=DeliveryList(deliveries=[delivery_view(delivery) for delivery in deliveries]))
