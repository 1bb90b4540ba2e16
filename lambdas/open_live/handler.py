"""POST /v1/live: open a live connection."""

from http import HTTPStatus

from craftspark.notifications.live import TICKET_GOOD_FOR
from craftspark.settings.notifications import LiveSettings
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.views import LiveView
from lambdas.log import logger
from lambdas.wiring.accounts import active_makers_only
from lambdas.wiring.live import live


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    url = LiveSettings.from_environment().live_url
    ticket = live().ticket(request.maker)
    return Response(
        status=HTTPStatus.CREATED,
        body=LiveView(url=f"{url}?ticket={ticket}", good_for_s=int(TICKET_GOOD_FOR.total_seconds())),
    )
