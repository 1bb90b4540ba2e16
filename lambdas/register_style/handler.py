"""State "Register the version": an approved version becomes its style's canary."""

from datetime import timedelta
from functools import cache
from typing import Any

from craftspark.aws.styles import style_table
from craftspark.aws.styles.style_table import StyleTable
from craftspark.settings.styles import ReleaseSettings
from lambdas.log import logger


@cache
def settings() -> ReleaseSettings:
    return ReleaseSettings.from_environment()


@cache
def styles() -> StyleTable:
    return style_table.style_table(settings())


@logger.inject_lambda_context
def handler(asked: dict[str, Any], context: Any) -> dict[str, Any]:
    training = styles().register(
        styles().trainings.read(asked["training_id"]),
        share=settings().canary_percent,
        trial_time=timedelta(seconds=settings().canary_s),
    )
    logger.info("canary begun", extra={"training_id": training.training_id, "share": settings().canary_percent})
    return {"training_id": training.training_id, "state": training.state}
