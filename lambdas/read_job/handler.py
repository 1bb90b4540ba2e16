"""GET /v1/jobs/{job_id}: read a job."""

from functools import cache
from http import HTTPStatus

from craftspark.aws import clients
from craftspark.aws.jobs.job_list import JobList
from craftspark.clock import utc_now
from craftspark.jobs.job import JobRecord
from craftspark.jobs.settlement import own
from craftspark.notifications.polling import next_poll_s
from craftspark.settings.jobs import ReadSettings
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.etags import etag_of, is_current
from lambdas.http.views import job_view
from lambdas.log import logger
from lambdas.wiring.image_links import links


@cache
def jobs() -> JobList:
    return JobList(client=clients.dynamodb(), jobs_table=ReadSettings.from_environment().jobs_table)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = jobs().read(id_in_path(request, "job_id"))
    job = own(record.job, request.maker)
    tag = tag_of(record, links().version)
    # A client that polls is told when to come again; one that sees the end need not.
    headers = {"ETag": tag}
    if not job.state.final:
        headers["Retry-After"] = str(next_poll_s(job, record.done_share, utc_now()))
    if is_current(request.headers.get("if-none-match"), tag):
        return Response(status=HTTPStatus.NOT_MODIFIED, body=None, headers=headers)
    return Response(body=job_view(record, links().links), headers=headers)


def tag_of(record: JobRecord, links_version: str) -> str:
    """The same while the answer says the same, its links included."""
    job = record.job
    return etag_of(
        job.state,
        job.title,
        job.images_deleted_at,
        sorted(record.images),
        round(record.done_share, 3),
        links_version,
    )
