"""DELETE /v1/jobs/{job_id}/images: delete the images of a job."""

from craftspark.clock import utc_now
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.job_summaries import job_summary
from lambdas.log import logger
from lambdas.wiring.jobs import image_bucket, job_editor, zip_bucket


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    # The mark hides the images before they are deleted. A repeated request deletes files that the first one did not.
    record = job_editor().mark_images_deleted(request.maker, id_in_path(request, "job_id"), utc_now())
    image_bucket().drop(record.job.job_id, record.images.values())
    zip_bucket().drop(record.job.job_id)
    logger.info("images deleted", extra={"job_id": record.job.job_id, "images": len(record.images)})
    return Response(body=job_summary(record.job))
