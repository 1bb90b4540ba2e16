"""GET /v1/account: read the maker's account."""

from lambdas.http.account_views import account_view
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.log import logger
from lambdas.wiring.accounts import accounts


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    return Response(body=account_view(accounts().read(request.maker)))
