"""PUT /v1/admin/accounts/{maker}/plan: another plan, from now on."""

from craftspark.plans import find_plan
from craftspark.tools.request import parse_request
from lambdas.account_views import PlanChange, account_view
from lambdas.accounts import accounts
from lambdas.administration import administrators_only, write_down
from lambdas.endpoint import Request, Response, endpoint
from lambdas.log import logger


@logger.inject_lambda_context
@endpoint
@administrators_only
def handler(request: Request) -> Response:
    maker = request.path["maker"]
    plan = find_plan(parse_request(PlanChange, request.body).plan)
    accounts().existing(maker)
    write_down(request, maker, "change plan", plan=plan.name)
    return Response(body=account_view(accounts().change_plan(maker, plan)))
