"""Intake queue -> one execution of the state machine for each job, at the start rate of the stage."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from craftspark.aws import clients
from craftspark.aws.faults import AWS_ERRORS
from craftspark.aws.fleet.arrivals import ArrivalCounters
from craftspark.aws.jobs.unstarted import UnstartedJobs
from craftspark.aws.orchestration.executions import Executions
from craftspark.aws.orchestration.intake import IntakeQueue
from craftspark.jobs.batches import DEFERRALS
from craftspark.jobs.starting import IntakeMessage, Pace, Starts
from craftspark.metrics import event as count
from craftspark.settings.rendering import StartSettings
from lambdas.log import logger

# A start without a response takes up to 27 s before it fails. The mark after it can take as long.
TIME_FOR_ONE_MS = 40_000

processor = BatchProcessor(EventType.SQS)


@cache
def parts() -> dict[str, Any]:
    settings = StartSettings.from_environment()
    return {
        "executions": Executions(client=clients.stepfunctions(), state_machine_arn=settings.state_machine_arn),
        "marks": UnstartedJobs(client=clients.dynamodb(), jobs_table=settings.jobs_table),
        "intake": IntakeQueue(client=clients.sqs(), url=settings.intake_queue_url),
        "pace": Pace(interval_s=settings.start_interval_ms / 1000),
    }


@cache
def arrivals() -> ArrivalCounters:
    return ArrivalCounters(client=clients.dynamodb(), jobs_table=StartSettings.from_environment().jobs_table)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Any:
    starts = Starts(**parts(), has_time=lambda: context.get_remaining_time_in_millis() > TIME_FOR_ONE_MS)

    def start(record: SQSRecord) -> None:
        deferrals = record.message_attributes[DEFERRALS]
        message = IntakeMessage.parse(record.body, deferrals.string_value if deferrals else None)
        facts = {"job_id": message.order.job_id}
        if starts.start(message):
            logger.info("execution started", extra=facts)
        else:
            reason = str(starts.refused) if starts.refused else "no time left"
            why = {"deferrals": message.deferrals + 1, "reason": reason}
            logger.warning("order deferred", extra={**facts, **why, **count("OrderDeferred")})

    answer = process_partial_response(event=event, record_handler=start, processor=processor, context=context)
    try:
        starts.count_arrivals(arrivals())
    except AWS_ERRORS:
        # The jobs have started. Without their work, the fleet's controller sees them in the backlog only.
        logger.exception("arrivals not counted")
    return answer
