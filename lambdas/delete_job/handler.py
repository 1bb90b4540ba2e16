"""DELETE /v1/jobs/{job_id}: delete a job."""

from http import HTTPStatus

from craftspark.clock import utc_now
from craftspark.errors import JobNotFound
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.wiring.jobs import image_bucket, job_editor, zip_bucket


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    job_id = id_in_path(request, "job_id")
    # The mark hides the job before its files are deleted. A repeated request deletes files that the first one did not.
    deleted_now = job_editor().delete(request.maker, job_id, utc_now())
    files = image_bucket().drop_all(job_id)
    zip_bucket().drop(job_id)
    if not deleted_now and not files:
        raise JobNotFound(f"you have no job {job_id}", field="job_id")
    logger.info("job deleted", extra={"job_id": job_id, "files": files})
    return Response(status=HTTPStatus.NO_CONTENT, body=None)
