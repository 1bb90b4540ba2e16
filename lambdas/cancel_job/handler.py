"""POST /v1/jobs/{job_id}/cancel: cancel a job."""

from functools import cache

from craftspark.aws.jobs import job_table
from craftspark.errors import AccountContended, Contended, JobChanged
from craftspark.jobs.settlement import Settlement
from craftspark.metrics import event
from craftspark.settings.rendering import SettleSettings
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.job_summaries import job_summary
from lambdas.log import logger


@cache
def settlement() -> Settlement:
    return job_table.settlement(SettleSettings.from_environment())


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    try:
        job = settlement().cancel(request.maker, id_in_path(request, "job_id"))
    except (Contended, JobChanged):
        raise AccountContended("another request changed the job at the same time; send this request again") from None
    facts = {"job_id": job.job_id, "delivered": job.delivered, "refunded": job.refunded}
    logger.info("job cancelled", extra={**facts, **event("JobCancelled")})
    return Response(body=job_summary(job))
