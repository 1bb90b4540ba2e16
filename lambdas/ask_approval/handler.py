"""State "Wait for approval": keep the token that waits, and tell people that there is something to decide."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.notifications.events import Events
from craftspark.aws.styles.training_table import TrainingTable
from craftspark.settings.styles import ApprovalSettings
from craftspark.styles.messages import ApprovalAsked, TrainingAwaitsApproval
from lambdas.log import logger


@cache
def table() -> TrainingTable:
    return TrainingTable(client=clients.dynamodb(), table=ApprovalSettings.from_environment().trainings_table)


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> None:
    asked = ApprovalAsked.from_json(request)
    training = table().await_approval(asked)
    Events(client=clients.eventbridge()).send(TrainingAwaitsApproval.of(training))
    logger.info("training awaits approval", extra={"training_id": training.training_id})
