"""PUT /v1/admin/accounts/{maker}/suspension: take no more jobs of a maker, or take them again."""

from craftspark.parsing import parse_request
from lambdas.account_views import SuspensionChange, account_view
from lambdas.accounts import accounts
from lambdas.administration import write_down
from lambdas.endpoint import Request, Response, endpoint, maker_in_path
from lambdas.log import logger


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker = maker_in_path(request)
    asked = parse_request(SuspensionChange, request.body)
    accounts().existing(maker)
    write_down(request, maker, "suspend account" if asked.reason else "lift suspension", reason=asked.reason)
    return Response(body=account_view(accounts().suspend(maker, asked.reason)))
