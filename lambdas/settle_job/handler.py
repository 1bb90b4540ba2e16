"""End a job: called by the last state of its execution, and by the rule for executions that ended otherwise."""

from functools import cache
from typing import Any

from craftspark.aws.jobs import job_table
from craftspark.jobs.endings import JobEnd, JobSettled
from craftspark.jobs.job import JobState
from craftspark.jobs.settlement import Settlement, first_fault
from craftspark.metrics import event
from craftspark.settings.rendering import SettleSettings
from lambdas.log import logger

METRICS = {
    JobState.SUCCEEDED: "JobSucceeded",
    JobState.PARTLY_SUCCEEDED: "JobPartlySucceeded",
    JobState.FAILED: "JobFailed",
}


@cache
def settlement() -> Settlement:
    return job_table.settlement(SettleSettings.from_environment())


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    end = JobEnd.from_json(request)
    job, ended_now = settlement().settle(end)
    # Makers see the failures of the job. Logs and the execution show the name of the internal error.
    first_error = first_fault(job.failures, end)
    if ended_now:
        facts = {"job_id": job.job_id, "state": job.state, "delivered": job.delivered, "spent": job.spent}
        reasons = {"refunded": job.refunded, "reason": first_error}
        logger.info("job settled", extra={**facts, **reasons, **event(METRICS[job.state])})
    return JobSettled.of(job, first_error).to_json()
