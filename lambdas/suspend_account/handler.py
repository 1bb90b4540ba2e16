"""PUT /v1/admin/accounts/{maker}/suspension: suspend an account or end its suspension."""

from craftspark.parsing.json_values import parse_request
from lambdas.http.account_views import SuspensionChange, account_view
from lambdas.http.administration import act_of, audit_entry, log_act
from lambdas.http.endpoint import Request, Response, endpoint, maker_in_path
from lambdas.log import logger
from lambdas.wiring.accounts import accounts
from lambdas.wiring.gallery import standing_writes


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker = maker_in_path(request)
    change = parse_request(SuspensionChange, request.body)
    act = act_of(request, maker, "suspend account" if change.reason else "lift suspension", reason=change.reason)
    account = accounts().suspend(maker, change.reason, [audit_entry(act), *standing_writes(maker, change.reason)])
    log_act(act)
    return Response(body=account_view(account))
