"""GET /v1/admin/accounts/{maker}: read the account of a maker."""

from craftspark.gallery.pictures import author_of
from lambdas.http.account_views import inspected_account
from lambdas.http.administration import record_access
from lambdas.http.endpoint import Request, Response, endpoint, maker_in_path
from lambdas.log import logger
from lambdas.wiring.accounts import accounts
from lambdas.wiring.gallery import profiles


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker = maker_in_path(request)
    account = accounts().read_existing(maker)
    record_access(request, maker, "inspect account")
    return Response(body=inspected_account(account, profiles().own(author_of(maker))))
