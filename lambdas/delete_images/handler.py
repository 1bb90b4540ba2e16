"""DELETE /v1/jobs/{job_id}/images: delete the images of a job."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.jobs.images import ImageBucket
from craftspark.aws.jobs.job_list import JobEditor
from craftspark.clock import utc_now
from craftspark.settings.jobs import DeleteSettings
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.job_summaries import job_summary
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
    # Marked first: from then on nobody is shown them, and a second request deletes what a first one left.
    record = changes().mark_images_deleted(request.maker, id_in_path(request, "job_id"), utc_now())
    bucket().drop(record.job.job_id, record.images.values())
    logger.info("images deleted", extra={"job_id": record.job.job_id, "images": len(record.images)})
    return Response(body=job_summary(record.job))
