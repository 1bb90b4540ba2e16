"""POST /v1/tools/{tool}/jobs: create a job."""

from http import HTTPStatus

from craftspark.clock import utc_now
from craftspark.metrics import event
from craftspark.notifications.polling import next_poll_s
from lambdas.http.endpoint import Request, Response, endpoint, idempotency_key_of
from lambdas.http.job_summaries import job_summary
from lambdas.log import logger
from lambdas.wiring.submissions import submissions


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    key = idempotency_key_of(request)
    job = submissions().submit(request.maker, request.path["tool"], request.body, idempotency_key=key)
    facts = {"job_id": job.job_id, "tool": job.tool, "lane": job.lane, "price": job.price}
    logger.info("job accepted", extra={**facts, **event("JobAccepted")})
    return Response(
        status=HTTPStatus.ACCEPTED,
        body=job_summary(job),
        # Relative to the request, so that it is correct for any base path of the API.
        headers={"Location": f"../../jobs/{job.job_id}", "Retry-After": str(next_poll_s(job, 0.0, utc_now()))},
    )
