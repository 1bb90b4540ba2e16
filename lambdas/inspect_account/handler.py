"""GET /v1/admin/accounts/{maker}: a maker's account."""

from lambdas.account_views import account_view
from lambdas.accounts import accounts
from lambdas.administration import write_down
from lambdas.endpoint import Request, Response, endpoint, maker_in_path
from lambdas.log import logger


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker = maker_in_path(request)
    account = accounts().existing(maker)
    write_down(request, maker, "inspect account")
    return Response(body=account_view(account))
