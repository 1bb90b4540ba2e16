"""GET /v1/account: the maker's plan, credits and jobs in progress."""

from lambdas.account_views import account_view
from lambdas.accounts import accounts
from lambdas.endpoint import Request, Response, endpoint
from lambdas.log import logger


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    return Response(body=account_view(accounts().read(request.maker)))
