"""An operator starts a training: `aws lambda invoke` with a TrainingRequest."""

import json
from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.orchestration.executions import Executions
from craftspark.aws.styles.releases import StableVersions
from craftspark.aws.styles.training_table import TrainingTable
from craftspark.metrics import event
from craftspark.models.catalogue import find_model
from craftspark.settings.styles import StartTrainingSettings
from craftspark.styles.starting import Trainings
from lambdas.log import logger


@cache
def trainings() -> Trainings:
    settings = StartTrainingSettings.from_environment()
    return Trainings(
        records=TrainingTable(client=clients.dynamodb(), table=settings.trainings_table),
        starter=Executions(client=clients.stepfunctions(), state_machine_arn=settings.state_machine_arn),
        releases=StableVersions(client=clients.dynamodb(), table=settings.styles_table),
        bucket=settings.training_bucket,
        model=find_model(settings.model),
    )


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    training = trainings().start(json.dumps(request))
    facts = {"training_id": training.training_id, "who": request["who"]}
    logger.info("training started", extra={**facts, **event("TrainingStarted")})
    return {"training_id": training.training_id, "state": training.state}
