"""GET /v1/jobs/{job_id}: read a job."""

from http import HTTPStatus

from craftspark.clock import utc_now
from craftspark.jobs.downloads import terms_of_job
from craftspark.jobs.job import JobRecord
from craftspark.jobs.settlement import own
from craftspark.notifications.polling import next_poll_s
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.etags import etag_of, is_current
from lambdas.http.views import job_view
from lambdas.log import logger
from lambdas.wiring.image_links import links
from lambdas.wiring.jobs import job_list


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = job_list().read(id_in_path(request, "job_id"))
    job = own(record.job, request.maker)
    tag = tag_of(record, links().version)
    # Retry-After gives the time of the next poll. A final job needs no further poll.
    headers = {"ETag": tag}
    if not job.state.final:
        headers["Retry-After"] = str(next_poll_s(job, record.done_share, utc_now()))
    if is_current(request.headers.get("if-none-match"), tag):
        return Response(status=HTTPStatus.NOT_MODIFIED, body=None, headers=headers)
    return Response(body=job_view(record, links().links), headers=headers)


def tag_of(record: JobRecord, links_version: str) -> str:
    """An entity tag that changes whenever the response changes, including its links."""
    job = record.job
    return etag_of(
        job.state,
        job.title,
        job.images_deleted_at,
        sorted(record.images),
        round(record.done_share, 3),
        terms_of_job(job).text,
        links_version,
    )
