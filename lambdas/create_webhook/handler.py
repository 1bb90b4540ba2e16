"""POST /v1/webhooks: create a webhook."""

from collections.abc import Sequence
from http import HTTPStatus

from craftspark.accounts.plans import find_plan
from craftspark.errors import WebhookNotFound
from craftspark.jobs.idempotency import Write, key_reused, run_once
from craftspark.notifications.webhooks import Webhook
from craftspark.parsing.json_values import parse_request
from lambdas.http.endpoint import Request, Response, effect_of_request, endpoint
from lambdas.http.webhook_views import WebhookRequest, webhook_view
from lambdas.log import logger
from lambdas.wiring.accounts import accounts, active_makers_only, bindings
from lambdas.wiring.webhooks import table, webhooks


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    registration = parse_request(WebhookRequest, request.body)
    effect = effect_of_request(request)

    def register(writes: Sequence[Write]) -> Webhook:
        plan = find_plan(accounts().read(request.maker).plan)
        return webhooks().register(request.maker, plan, effect.effect_id, registration.url, writes)

    webhook, created = run_once(effect, bindings(), register, lambda: find_created(request.maker, effect.effect_id))
    if created:
        logger.info("webhook registered", extra={"webhook_id": webhook.webhook_id})
    # The secret is shown once. The response to a repeated request does not contain it.
    return Response(status=HTTPStatus.CREATED, body=webhook_view(webhook, secret=created))


def find_created(maker: str, webhook_id: str) -> Webhook:
    try:
        return table().get(maker, webhook_id)
    except WebhookNotFound:
        raise key_reused("this Idempotency-Key was used for a webhook that was deleted") from None
