"""POST /v1/webhooks: be told how jobs end, at an https address."""

from http import HTTPStatus

from craftspark.jobs import job_id_of
from craftspark.parsing import parse_request
from craftspark.plans import find_plan
from lambdas.accounts import accounts, active_makers_only
from lambdas.endpoint import Request, Response, endpoint, idempotency_key_of
from lambdas.log import logger
from lambdas.webhook_views import WebhookRequest, webhook_view
from lambdas.webhooks import webhooks


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    asked = parse_request(WebhookRequest, request.body)
    webhook_id = job_id_of(request.maker, f"webhook:{idempotency_key_of(request)}")
    plan = find_plan(accounts().read(request.maker).plan)
    webhook = webhooks().register(request.maker, plan, webhook_id, asked.url)
    logger.info("webhook registered", extra={"webhook_id": webhook.webhook_id})
    return Response(status=HTTPStatus.CREATED, body=webhook_view(webhook, secret=True))
