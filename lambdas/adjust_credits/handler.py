"""POST /v1/admin/accounts/{maker}/adjustments: put a balance right, once for each Idempotency-Key."""

from craftspark.errors import InvalidInput
from craftspark.parsing import parse_request
from lambdas.account_views import CreditChange, account_view
from lambdas.accounts import accounts
from lambdas.administration import write_down
from lambdas.endpoint import Request, Response, endpoint, idempotency_key_of, maker_in_path
from lambdas.log import logger


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker, key = maker_in_path(request), idempotency_key_of(request)
    asked = parse_request(CreditChange, request.body)
    if not asked.credits:
        raise InvalidInput("an adjustment gives credits or takes some", field="credits")
    accounts().existing(maker)
    write_down(request, maker, "adjust credits", credits=asked.credits, note=asked.note, key=key)
    return Response(body=account_view(accounts().adjust(maker, asked.credits, key, asked.note)))
