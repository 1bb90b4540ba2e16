"""GET /v1/jobs/{job_id}: a job, with links to its images."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.images import ImageLinks
from craftspark.aws.job_book import JobList
from craftspark.settings import ReadSettings
from craftspark.settlement import own
from lambdas.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.views import job_view


@cache
def jobs() -> JobList:
    return JobList(client=clients.dynamodb(), jobs_table=ReadSettings.from_environment().jobs_table)


@cache
def links() -> ImageLinks:
    settings = ReadSettings.from_environment()
    return ImageLinks(client=clients.s3(), bucket=settings.images_bucket, lifetime_s=settings.url_lifetime_s)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = jobs().read(id_in_path(request, "job_id"))
    job = own(record.job, request.maker)
    # A client that polls is told when to come again; one that sees the end need not.
    headers = {} if job.state.final else {"Retry-After": "1"}
    return Response(body=job_view(record, links()), headers=headers)
