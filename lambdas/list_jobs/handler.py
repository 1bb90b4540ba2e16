"""GET /v1/jobs: list the maker's jobs."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.jobs.job_list import JobList
from craftspark.settings.jobs import ReadSettings
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.job_pages import page_of
from lambdas.http.views import JobPage, listed_jobs
from lambdas.log import logger
from lambdas.wiring.image_links import links


@cache
def jobs() -> JobList:
    return JobList(client=clients.dynamodb(), jobs_table=ReadSettings.from_environment().jobs_table)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    page, cursor = page_of(jobs(), request.maker, request.query)
    return Response(body=JobPage(jobs=listed_jobs(page, links().links), next_cursor=cursor))
