"""POST /v1/tools/{tool}/jobs: create a job."""

from http import HTTPStatus

from craftspark.accounts.plans import ANY_PLAN
from craftspark.clock import utc_now
from craftspark.errors import CapacityInsufficient
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
    try:
        job = submissions().submit(request.maker, request.path["tool"], request.body, idempotency_key=key)
    except CapacityInsufficient as refused:
        count_refusal(refused, request.path["tool"])
        raise
    facts = {"job_id": job.job_id, "tool": job.tool, "lane": job.lane, "price": job.price}
    logger.info("job accepted", extra={**facts, **event("JobAccepted")})
    return Response(
        status=HTTPStatus.ACCEPTED,
        body=job_summary(job),
        # Relative to the request, so that it is correct for any base path of the API.
        headers={"Location": f"../../jobs/{job.job_id}", "Retry-After": str(next_poll_s(job, 0.0, utc_now()))},
    )


def count_refusal(refused: CapacityInsufficient, tool: str) -> None:
    """Count a job that GPU capacity does not suffice for, by pool and plan."""
    pool = submissions().estimates[tool].capacity.pool
    counted = event("AdmissionRefused", pool=pool, plan=refused.facts.get("plan", ANY_PLAN))
    waits = {name: refused.facts.get(name) for name in ("estimated_wait_s", "admitted_wait_s", "bulk_wait_s")}
    logger.warning("admission refused", extra={"tool": tool, **waits, **counted})
