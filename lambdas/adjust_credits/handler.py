"""POST /v1/admin/accounts/{maker}/adjustments: adjust credits."""

from collections.abc import Sequence

from craftspark.accounts.credits import Account
from craftspark.errors import InvalidInput
from craftspark.jobs.idempotency import Write, run_once
from craftspark.parsing.json_values import parse_request
from lambdas.http.account_views import CreditChange, account_view
from lambdas.http.administration import act_of, audit_entry, log_act
from lambdas.http.endpoint import Request, Response, effect_of_request, endpoint, maker_in_path
from lambdas.log import logger
from lambdas.wiring.accounts import accounts, bindings


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker, effect = maker_in_path(request), effect_of_request(request)
    change = parse_request(CreditChange, request.body)
    if not change.credits:
        raise InvalidInput("an adjustment cannot be 0 credits", field="credits")
    act = act_of(request, maker, "adjust credits", credits=change.credits, note=change.note, effect=effect.effect_id)

    def do(writes: Sequence[Write]) -> Account:
        return accounts().adjust(maker, change.credits, effect.effect_id, change.note, [audit_entry(act), *writes])

    account, done = run_once(effect, bindings(), do, lambda: accounts().read_existing(maker))
    if done:
        log_act(act)
    return Response(body=account_view(account))
