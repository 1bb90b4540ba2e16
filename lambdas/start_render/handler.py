"""Intake queue -> one execution of the state machine a job."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from craftspark.aws import clients
from craftspark.aws.executions import Executions
from craftspark.settings import StartSettings
from lambdas.log import logger

processor = BatchProcessor(EventType.SQS)


@cache
def executions() -> Executions:
    return Executions(
        client=clients.stepfunctions(), state_machine_arn=StartSettings.from_environment().state_machine_arn
    )


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=start, processor=processor, context=context)


def start(record: SQSRecord) -> None:
    job_id = executions().start(record.body)
    logger.info("execution started", extra={"job_id": job_id})
