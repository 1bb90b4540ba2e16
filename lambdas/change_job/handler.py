"""PATCH /v1/jobs/{job_id}: rename a job."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.jobs import job_list
from craftspark.parsing import parse_request
from craftspark.settings.jobs import JobsSettings
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.job_summaries import job_summary
from lambdas.http.views import JobChanges
from lambdas.log import logger


@cache
def changes() -> job_list.JobEditor:
    return job_list.JobEditor(client=clients.dynamodb(), jobs_table=JobsSettings.from_environment().jobs_table)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    asked = parse_request(JobChanges, request.body)
    return Response(body=job_summary(changes().name(request.maker, id_in_path(request, "job_id"), asked.title)))
