"""GET /v1/jobs/{job_id}: a job, with links to its images."""

import hashlib
import time
from functools import cache
from http import HTTPStatus

from craftspark.aws import clients
from craftspark.aws.job_list import JobList
from craftspark.aws.presigning import Presigner
from craftspark.jobs import JobRecord
from craftspark.settings import ReadSettings
from craftspark.settlement import own
from lambdas.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.views import job_view


@cache
def jobs() -> JobList:
    return JobList(client=clients.dynamodb(), jobs_table=ReadSettings.from_environment().jobs_table)


@cache
def links() -> Presigner:
    settings = ReadSettings.from_environment()
    return Presigner(client=clients.s3(), bucket=settings.images_bucket, lifetime_s=settings.url_lifetime_s)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = jobs().read(id_in_path(request, "job_id"))
    job = own(record.job, request.maker)
    tag = tag_of(record, links().lifetime_s)
    # A client that polls is told when to come again; one that sees the end need not.
    headers = {"ETag": tag, **({} if job.state.final else {"Retry-After": "1"})}
    if request.headers.get("if-none-match") == tag:
        return Response(status=HTTPStatus.NOT_MODIFIED, body=None, headers=headers)
    return Response(body=job_view(record, links().links), headers=headers)


def tag_of(record: JobRecord, lifetime_s: int) -> str:
    """The same while the answer says the same; new links are made by the time that half of the old ones' is over."""
    job = record.job
    facts = (
        job.state,
        job.title,
        job.images_deleted_at,
        sorted(record.images),
        round(record.done_share, 3),
        int(time.time() * 2 / lifetime_s),
    )
    return f'W/"{hashlib.sha256(repr(facts).encode()).hexdigest()[:20]}"'
