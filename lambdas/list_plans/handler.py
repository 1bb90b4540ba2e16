"""GET /v1/plans: list the plans."""

from craftspark.accounts.plans import PLANS
from lambdas.http.account_views import PlanList, plan_view
from lambdas.http.endpoint import Response, Visit, public_endpoint
from lambdas.log import logger


@logger.inject_lambda_context
@public_endpoint
def handler(visit: Visit) -> Response:
    return Response(body=PlanList(plans=[plan_view(plan) for plan in PLANS.values()]))
