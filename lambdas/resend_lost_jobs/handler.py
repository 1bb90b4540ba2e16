"""Every few minutes: send the jobs again whose message was lost between their acceptance and the intake queue."""

from datetime import timedelta
from functools import cache
from itertools import islice
from typing import Any

from craftspark.aws import clients
from craftspark.aws.executions import Executions
from craftspark.aws.intake import IntakeQueue
from craftspark.aws.job_book import UnfinishedJobs
from craftspark.catalogue import find_model
from craftspark.resending import MOST, Resending
from craftspark.settings import ResendSettings
from lambdas.log import logger
from lambdas.measures import event


@cache
def resending() -> Resending:
    settings = ResendSettings.from_environment()
    return Resending(
        jobs=UnfinishedJobs(client=clients.dynamodb(), jobs_table=settings.jobs_table),
        executions=Executions(client=clients.stepfunctions(), state_machine_arn=settings.state_machine_arn),
        intake=IntakeQueue(client=clients.sqs(), url=settings.intake_queue_url),
        model=find_model(settings.model),
        deadline=timedelta(seconds=settings.job_deadline_s),
    )


@logger.inject_lambda_context
def handler(_schedule: dict[str, Any], context: Any) -> None:
    for job in islice(resending().lost(), MOST):
        resending().send(job)
        logger.warning("job sent again", extra={"job_id": job.job_id, **event("JobSentAgain")})
