"""GET /v1/admin/jobs/{job_id}: any maker's job, without links to its images."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.job_list import JobList
from lambdas.administration import settings, write_down
from lambdas.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.views import inspected_job


@cache
def jobs() -> JobList:
    return JobList(client=clients.dynamodb(), jobs_table=settings().jobs_table)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    record = jobs().read(id_in_path(request, "job_id"))
    write_down(request, record.job.maker, "inspect job", job_id=record.job.job_id)
    return Response(body=inspected_job(record))
