"""Every few minutes: send the message of each job again that was accepted but is not in the intake queue."""

from datetime import timedelta
from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.items import UNFINISHED_SHARDS
from craftspark.aws.jobs.unstarted import UnstartedJobs
from craftspark.aws.orchestration.intake import IntakeQueue
from craftspark.errors import JobNotFound
from craftspark.jobs.lost_jobs import MAX_JOBS_PER_RUN, LostJobs
from craftspark.metrics import event
from craftspark.settings.rendering import ResendSettings
from lambdas.log import logger


class ResendIncomplete(Exception):
    """Some lost jobs could not be sent again; the log has each job and the error."""


@cache
def lost_jobs() -> LostJobs:
    settings = ResendSettings.from_environment()
    return LostJobs(
        jobs=UnstartedJobs(client=clients.dynamodb(), jobs_table=settings.jobs_table),
        shards=UNFINISHED_SHARDS,
        intake=IntakeQueue(client=clients.sqs(), url=settings.intake_queue_url),
        deadline=timedelta(seconds=settings.job_deadline_s),
    )


@logger.inject_lambda_context
def handler(_schedule: dict[str, Any], context: Any) -> None:
    handled, failed = 0, []
    for job_id in lost_jobs().find():
        try:
            if lost_jobs().send(job_id):
                logger.warning("job sent again", extra={"job_id": job_id, **event("JobSentAgain")})
        except JobNotFound:
            pass  # it has expired since the index was written
        except Exception:
            # One job that cannot be sent must not delay the others, and does not count towards their limit.
            logger.exception("job not sent again", extra={"job_id": job_id})
            failed.append(job_id)
            continue
        handled += 1
        if handled == MAX_JOBS_PER_RUN:
            break
    if failed:
        raise ResendIncomplete(f"{len(failed)} lost jobs could not be sent again, the first {failed[0]}")
