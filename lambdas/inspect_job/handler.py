"""GET /v1/admin/jobs/{job_id}: any maker's job, without links to its images."""

from lambdas.administration import jobs, write_down
from lambdas.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.views import inspected_job


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = jobs().read(id_in_path(request, "job_id"))
    write_down(request, record.job.maker, "inspect job", job_id=record.job.job_id)
    return Response(body=inspected_job(record))
