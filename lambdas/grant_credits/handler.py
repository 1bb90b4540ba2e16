"""POST /v1/admin/accounts/{maker}/grants: grant credits."""

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
    grant = parse_request(CreditChange, request.body)
    if grant.credits < 1:
        raise InvalidInput("a grant is at least 1 credit; use an adjustment to deduct credits", field="credits")
    act = act_of(request, maker, "grant credits", credits=grant.credits, note=grant.note, effect=effect.effect_id)

    def do(writes: Sequence[Write]) -> Account:
        return accounts().top_up(maker, grant.credits, effect.effect_id, grant.note, [audit_entry(act), *writes])

    account, done = run_once(effect, bindings(), do, lambda: accounts().read_existing(maker))
    if done:
        log_act(act)
    return Response(body=account_view(account))
