"""Every few minutes: end the jobs that are unfinished after their deadline."""

from functools import cache
from typing import Any

from craftspark.aws.jobs import job_table
from craftspark.jobs.settlement import Settlement
from craftspark.metrics import event
from craftspark.settings.rendering import SettleSettings
from lambdas.log import logger


class SweepIncomplete(Exception):
    """Some overdue jobs could not be ended; the log has each job and the error."""


@cache
def settlement() -> Settlement:
    return job_table.settlement(SettleSettings.from_environment())


@logger.inject_lambda_context
def handler(_schedule: dict[str, Any], context: Any) -> None:
    stuck, ended = [], 0
    for job_id in settlement().overdue():
        try:
            job = settlement().end_overdue(job_id)
        except Exception:
            # One job that cannot be ended must not delay the others.
            logger.exception("overdue job not ended", extra={"job_id": job_id})
            stuck.append(job_id)
            continue
        facts = {"job_id": job.job_id, "state": job.state, "refunded": job.refunded}
        ended += 1
        logger.warning("overdue job ended", extra={**facts, **event("JobOverdue")})
    logger.info("overdue jobs swept", extra={"ended": ended, "stuck": len(stuck)})
    if stuck:
        raise SweepIncomplete(f"{len(stuck)} overdue jobs could not be ended, the first {stuck[0]}")
