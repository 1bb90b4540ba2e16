"""A person approves or rejects a training: `aws lambda invoke` with a DecisionRequest."""

import json
from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.orchestration.callbacks import PausedWorkflows
from craftspark.aws.styles.training_table import TrainingTable
from craftspark.metrics import event
from craftspark.settings.styles import ApprovalSettings
from craftspark.styles.approvals import Approvals
from lambdas.log import logger


@cache
def approvals() -> Approvals:
    return Approvals(
        records=TrainingTable(client=clients.dynamodb(), table=ApprovalSettings.from_environment().trainings_table),
        workflows=PausedWorkflows(client=clients.stepfunctions()),
    )


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    training = approvals().decide(json.dumps(request))
    facts = {"training_id": training.training_id, "decision": request["decision"], "who": request["who"]}
    logger.info("training decided", extra={**facts, **event("TrainingDecided")})
    return {"training_id": training.training_id, "decision": request["decision"]}
