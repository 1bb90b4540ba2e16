"""End a training: called by the last state of its execution, and by the rule for executions that ended otherwise.

Every training gets a final state, and no version stays a canary.
"""

from functools import cache
from typing import Any

from craftspark.aws.styles import style_table
from craftspark.metrics import event
from craftspark.settings.styles import ReleaseSettings
from craftspark.styles.messages import TrainingEnd, TrainingSettled
from craftspark.styles.trainings import TrainingState
from craftspark.styles.trials import Trials
from lambdas.log import logger

METRICS = {
    TrainingState.PROMOTED: "TrainingPromoted",
    TrainingState.ROLLED_BACK: "TrainingRolledBack",
    TrainingState.REJECTED: "TrainingRejected",
    TrainingState.FAILED: "TrainingFailed",
}


@cache
def trials() -> Trials:
    return style_table.trials(ReleaseSettings.from_environment())


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    training, ended_now = trials().settle(TrainingEnd.from_json(request))
    if ended_now:
        facts = {"training_id": training.training_id, "state": training.state, "reason": training.error}
        logger.info("training settled", extra={**facts, **event(METRICS[training.state])})
    return TrainingSettled.of(training).to_json()
