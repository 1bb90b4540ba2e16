"""GET /v1/webhooks/{webhook_id}/deliveries: what was sent, and what it answered."""

from lambdas.endpoint import Request, Response, endpoint, id_in_path, whole_number
from lambdas.log import logger
from lambdas.webhook_views import DeliveryList, delivery_view
from lambdas.webhooks import table


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = whole_number(request.query, "limit", default=20, most=100)
    deliveries = table().deliveries(request.maker, id_in_path(request, "webhook_id"), limit)
    return Response(body=DeliveryList(deliveries=[delivery_view(delivery) for delivery in deliveries]))
