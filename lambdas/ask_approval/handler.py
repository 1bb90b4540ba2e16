"""State "Wait for approval": keep the token that waits, and tell people that there is something to decide."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.notifications.events import Events
from craftspark.aws.styles.training_table import TrainingTable
from craftspark.settings.styles import ApprovalSettings
from craftspark.styles.trainings import SOURCE
from lambdas.log import logger


@cache
def table() -> TrainingTable:
    return TrainingTable(client=clients.dynamodb(), table=ApprovalSettings.from_environment().trainings_table)


@logger.inject_lambda_context
def handler(asked: dict[str, Any], context: Any) -> None:
    trained = asked["trained"]
    training = table().await_approval(
        asked["training_id"],
        asked["task_token"],
        figures=trained["figures"],
        adapter=trained["adapter"],
        grid=trained["grid"],
    )
    # The token stays in the table: whoever reads an event or a log cannot approve with it.
    detail = {
        "training_id": training.training_id,
        "style": training.style,
        "version": training.version,
        "figures": training.figures,
        "grid": training.grid,
    }
    Events(client=clients.eventbridge(), source=SOURCE).tell("TrainingAwaitsApproval", detail)
    logger.info("training awaits approval", extra={"training_id": training.training_id})
