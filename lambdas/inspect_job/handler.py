"""GET /v1/admin/jobs/{job_id}: read a job of any maker."""

from lambdas.http.administration import record_access
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.views import inspected_job
from lambdas.log import logger
from lambdas.wiring.jobs import job_list


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = job_list().read(id_in_path(request, "job_id"))
    record_access(request, record.job.maker, "inspect job", job_id=record.job.job_id)
    return Response(body=inspected_job(record))
