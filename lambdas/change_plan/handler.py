"""PUT /v1/admin/accounts/{maker}/plan: change the plan of a maker."""

from craftspark.accounts.plans import find_plan
from craftspark.parsing.json_values import parse_request
from lambdas.http.account_views import PlanChange, account_view
from lambdas.http.administration import act_of, audit_entry, log_act
from lambdas.http.endpoint import Request, Response, endpoint, maker_in_path
from lambdas.log import logger
from lambdas.wiring.accounts import accounts


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker = maker_in_path(request)
    plan = find_plan(parse_request(PlanChange, request.body).plan)
    act = act_of(request, maker, "change plan", plan=plan.name)
    account = accounts().change_plan(maker, plan, [audit_entry(act)])
    log_act(act)
    return Response(body=account_view(account))
