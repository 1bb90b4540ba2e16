"""The machine's last word on a training, and that of the rule on executions that ended in any other way.

Whatever its end, the training gets its final state, and no version stays a canary.
"""

from functools import cache
from typing import Any

from craftspark.aws.styles import style_table
from craftspark.aws.styles.style_table import StyleTable
from craftspark.errors.outcomes import ExecutionEnded
from craftspark.metrics import event
from craftspark.settings.styles import ReleaseSettings
from craftspark.styles.trainings import TrainingState
from lambdas.log import logger

METRICS = {
    TrainingState.PROMOTED: "TrainingPromoted",
    TrainingState.ROLLED_BACK: "TrainingRolledBack",
    TrainingState.REJECTED: "TrainingRejected",
    TrainingState.FAILED: "TrainingFailed",
}


@cache
def styles() -> StyleTable:
    return style_table.style_table(ReleaseSettings.from_environment())


@logger.inject_lambda_context
def handler(end: dict[str, Any], context: Any) -> dict[str, Any]:
    training = styles().trainings.read(end["training_id"])
    if not training.state.final:
        outcome = TrainingState(end["outcome"])
        if training.state is TrainingState.CANARY and end.get("error") == ExecutionEnded.__name__:
            outcome = TrainingState.ROLLED_BACK  # the training is good: a person ended its trial
        training = styles().end(training, outcome, error=end.get("error", ""), cause=end.get("cause", ""))
        facts = {"training_id": training.training_id, "state": training.state, "reason": training.error}
        logger.info("training settled", extra={**facts, **event(METRICS[training.state])})
    return {
        "training_id": training.training_id,
        "style": training.style,
        "version": training.version,
        "state": training.state,
        "error": training.error,
        "cause": training.cause,
    }
