"""DELETE /v1/jobs/{job_id}: delete a job."""

from functools import cache
from http import HTTPStatus

from craftspark.aws import clients
from craftspark.aws.jobs.images import ImageBucket
from craftspark.aws.jobs.job_list import JobEditor
from craftspark.clock import utc_now
from craftspark.errors import JobNotFound
from craftspark.settings.jobs import DeleteSettings
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger


@cache
def changes() -> JobEditor:
    return JobEditor(client=clients.dynamodb(), jobs_table=DeleteSettings.from_environment().jobs_table)


@cache
def bucket() -> ImageBucket:
    return ImageBucket(client=clients.s3(), bucket=DeleteSettings.from_environment().images_bucket)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    job_id = id_in_path(request, "job_id")
    # Marked first: from then on nobody is shown the job, and a second request deletes the files that a first one left.
    deleted_now = changes().delete(request.maker, job_id, utc_now())
    files = bucket().drop_all(job_id)
    if not deleted_now and not files:
        raise JobNotFound(f"you have no job {job_id}", field="job_id")
    logger.info("job deleted", extra={"job_id": job_id, "files": files})
    return Response(status=HTTPStatus.NO_CONTENT, body=None)
