"""GET /v1/admin/accounts/{maker}/jobs: list the jobs of a maker."""

from lambdas.http.administration import record_access
from lambdas.http.endpoint import Request, Response, endpoint, maker_in_path
from lambdas.http.job_pages import page_of
from lambdas.http.job_summaries import job_summary
from lambdas.http.views import AccountJobPage
from lambdas.log import logger
from lambdas.wiring.accounts import accounts
from lambdas.wiring.jobs import job_list


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker = maker_in_path(request)
    accounts().read_existing(maker)
    page, cursor = page_of(job_list(), maker, request.query)
    record_access(request, maker, "list jobs")
    return Response(body=AccountJobPage(jobs=[job_summary(job) for job in page], next_cursor=cursor))
