"""PUT /v1/admin/accounts/{maker}/plan: another plan, from now on."""

from craftspark.parsing import parse_request
from craftspark.plans import find_plan
from lambdas.account_views import PlanChange, account_view
from lambdas.accounts import accounts
from lambdas.administration import write_down
from lambdas.endpoint import Request, Response, endpoint, maker_in_path
from lambdas.log import logger


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker = maker_in_path(request)
    plan = find_plan(parse_request(PlanChange, request.body).plan)
    accounts().existing(maker)
    write_down(request, maker, "change plan", plan=plan.name)
    return Response(body=account_view(accounts().change_plan(maker, plan)))
