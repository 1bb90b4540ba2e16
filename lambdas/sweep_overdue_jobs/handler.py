"""Every few minutes: end the jobs that nothing else ended by their deadline."""

from functools import cache
from typing import Any

from craftspark.aws import job_book
from craftspark.settings import SettleSettings
from craftspark.settlement import Settlement
from lambdas.log import logger
from lambdas.measures import event


@cache
def settlement() -> Settlement:
    return job_book.settlement(SettleSettings.from_environment())


@logger.inject_lambda_context
def handler(_schedule: dict[str, Any], context: Any) -> None:
    for job in settlement().end_overdue():
        facts = {"job_id": job.job_id, "state": job.state, "refunded": job.refunded}
        logger.warning("overdue job ended", extra={**facts, **event("JobOverdue")})
