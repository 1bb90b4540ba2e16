"""GET /v1/admin/jobs/{job_id}: read a job of any maker."""

from lambdas.http.administration import jobs, write_down
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.views import inspected_job
from lambdas.log import logger


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = jobs().read(id_in_path(request, "job_id"))
    write_down(request, record.job.maker, "inspect job", job_id=record.job.job_id)
    return Response(body=inspected_job(record))
