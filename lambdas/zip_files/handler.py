"""POST /v1/jobs/{job_id}/zip: make a zip of the files of a job."""

from craftspark.errors import FilesMissing, JobNotFound, JobUnfinished
from craftspark.jobs.settlement import own
from craftspark.jobs.zips import JobZip
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.file_views import ZipView
from lambdas.log import logger
from lambdas.wiring.image_links import links
from lambdas.wiring.jobs import job_list, zip_bucket


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    job_id = id_in_path(request, "job_id")
    wanted = _plan(job_id, request.maker)
    size = zip_bucket().find(wanted)
    if size is None:
        size = zip_bucket().make(wanted)
        _drop_if_deleted(job_id, request.maker)
        logger.info("zip made", extra={"job_id": job_id, "files": len(wanted.files), "bytes": size})
    [url] = links().links([wanted.download])
    return Response(body=ZipView(name=wanted.name, size_bytes=size, url=url))


def _plan(job_id: str, maker: str) -> JobZip:
    record = job_list().read(job_id)
    job = own(record.job, maker)
    if not job.state.final:
        raise JobUnfinished(f"job {job_id} has not ended; wait until it has, or cancel it", field="job_id")
    return JobZip.of(record)


def _drop_if_deleted(job_id: str, maker: str) -> None:
    """A maker can delete the images while the zip is made. Then the deletion has not seen the zip."""
    try:
        _plan(job_id, maker)
    except (JobNotFound, FilesMissing):
        zip_bucket().drop(job_id)
        raise
