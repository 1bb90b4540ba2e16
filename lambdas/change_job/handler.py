"""PATCH /v1/jobs/{job_id}: rename a job."""

from craftspark.parsing.json_values import parse_request
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.job_summaries import job_summary
from lambdas.http.views import JobChanges
from lambdas.log import logger
from lambdas.wiring.jobs import job_editor


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    changes = parse_request(JobChanges, request.body)
    return Response(body=job_summary(job_editor().name(request.maker, id_in_path(request, "job_id"), changes.title)))
