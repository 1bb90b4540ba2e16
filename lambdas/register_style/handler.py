"""State "Register the version": make an approved version the canary of its style."""

from datetime import timedelta
from functools import cache
from typing import Any

from craftspark.aws.styles import style_table
from craftspark.settings.styles import ReleaseSettings
from craftspark.styles.messages import TrainingReference
from craftspark.styles.trials import Trials
from lambdas.log import logger


@cache
def settings() -> ReleaseSettings:
    return ReleaseSettings.from_environment()


@cache
def trials() -> Trials:
    return style_table.trials(settings())


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    named = TrainingReference.from_json(request)
    share, duration = settings().canary_percent, timedelta(seconds=settings().canary_s)
    training = trials().start(named.training_id, share=share, duration=duration)
    logger.info("canary started", extra={"training_id": training.training_id, "share": share})
    return {"training_id": training.training_id, "state": training.state}
