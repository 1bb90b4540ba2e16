"""GET /v1/jobs: list the maker's jobs."""

from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.job_pages import page_of
from lambdas.http.views import JobPage, listed_jobs
from lambdas.log import logger
from lambdas.wiring.image_links import links
from lambdas.wiring.jobs import job_list


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    page, cursor = page_of(job_list(), request.maker, request.query)
    return Response(body=JobPage(jobs=listed_jobs(page, links().links), next_cursor=cursor))
