"""POST /v1/webhooks/{webhook_id}/secret: rotate the secret of a webhook."""

from craftspark.jobs.idempotency import run_once
from lambdas.http.endpoint import Request, Response, effect_of_request, endpoint, id_in_path
from lambdas.http.webhook_views import webhook_view
from lambdas.log import logger
from lambdas.wiring.accounts import active_makers_only, bindings
from lambdas.wiring.webhooks import table, webhooks


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    webhook = table().get(request.maker, id_in_path(request, "webhook_id"))
    effect = effect_of_request(request)
    # A repeated request creates no second secret, which would end the validity of the first one early. Its response
    # contains no secret.
    rotated, created = run_once(effect, bindings(), lambda writes: webhooks().rotate(webhook, writes), lambda: webhook)
    return Response(body=webhook_view(rotated, secret=created))
