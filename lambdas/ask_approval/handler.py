"""State "Wait for approval": store the task token and notify operators that a training awaits their decision."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.notifications.events import Events
from craftspark.aws.styles.training_table import TrainingTable
from craftspark.settings.styles import ApprovalSettings
from craftspark.styles.messages import ApprovalRequest, TrainingAwaitsApproval
from lambdas.log import logger


@cache
def table() -> TrainingTable:
    return TrainingTable(client=clients.dynamodb(), table=ApprovalSettings.from_environment().trainings_table)


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> None:
    training = table().await_approval(ApprovalRequest.from_json(request))
    Events(client=clients.eventbridge()).send(TrainingAwaitsApproval.of(training))
    logger.info("training awaits approval", extra={"training_id": training.training_id})
