"""State "Judge the canary": decide to wait, promote or roll back, from the jobs that ended in the trial."""

from functools import cache
from typing import Any

from craftspark.aws.styles import style_table
from craftspark.clock import utc_now
from craftspark.settings.styles import ReleaseSettings
from craftspark.styles.messages import TrainingReference
from craftspark.styles.releases import Gates, Likeness, judge_canary
from lambdas.log import logger


@cache
def settings() -> ReleaseSettings:
    return ReleaseSettings.from_environment()


@cache
def gates() -> Gates:
    return Gates(
        least_jobs=settings().least_jobs,
        most_failed_percent=settings().most_failed_percent,
        more_failed_points=settings().more_failed_points,
        slower_percent=settings().slower_percent,
        worse_percent=settings().worse_percent,
    )


@logger.inject_lambda_context
def handler(request: dict[str, Any], context: Any) -> dict[str, Any]:
    named = TrainingReference.from_json(request)
    trials = style_table.trials(settings())
    training = trials.records.training(named.training_id)
    release = trials.of(training)
    judgement = judge_canary(
        trials.records.tally(release, release.canary),
        trials.records.tally(release, release.stable),
        gates(),
        time_is_over=release.canary_until is not None and utc_now() >= release.canary_until,
        likeness=Likeness.read(training.figures, release.stable),
    )
    facts = {"training_id": named.training_id, "decision": judgement.decision, "detail": judgement.reason}
    logger.info("canary judged", extra=facts)
    return judgement.to_json()
