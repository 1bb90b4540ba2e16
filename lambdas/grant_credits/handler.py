"""POST /v1/admin/accounts/{maker}/grants: grant credits."""

from craftspark.errors import InvalidInput
from craftspark.parsing.json_values import parse_request
from lambdas.http.account_views import CreditChange
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.log import logger
from lambdas.wiring.accounts import accounts
from lambdas.wiring.credit_changes import change_credits


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    change = parse_request(CreditChange, request.body)
    if change.credits < 1:
        raise InvalidInput("a grant is at least 1 credit; use an adjustment to deduct credits", field="credits")
    return change_credits(request, "grant credits", change, accounts().top_up)
