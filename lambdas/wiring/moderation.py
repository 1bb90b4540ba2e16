"""Who moderates prompts: words in their context, and a service where the stage has one."""

import time
from functools import cache

from craftspark.accounts.plans import find_plan
from craftspark.aws import clients
from craftspark.aws.accounts.accounts import Accounts
from craftspark.aws.accounts.moderation import RefusalTable
from craftspark.errors import ModerationUnavailable
from craftspark.metrics import event
from craftspark.moderation import Moderation, Moderator
from craftspark.settings.jobs import SubmitSettings
from craftspark.words.index import WordIndex
from craftspark.words.moderator import WordModerator
from lambdas.log import logger


@cache
def moderation() -> Moderation:
    settings = SubmitSettings.from_environment()
    accounts = Accounts(client=clients.dynamodb(), table=settings.accounts_table, plan=find_plan(settings.default_plan))
    return Moderation(
        moderator=WordModerator(index=WordIndex.load()),
        service=service(settings),
        unjudged="accept" if settings.unjudged == "accept" else "refuse",
        report_unavailable=log_unavailable,
        refusals=RefusalTable(accounts=accounts),
    )


def service(settings: SubmitSettings) -> Moderator | None:
    """The stage's service, left alone for a while after a failure. Its adapter is loaded where there is one."""
    if settings.moderator == "none":
        return None
    from craftspark.aws.pictures.guardrail import Breaker, Comprehend, Guardrail

    judge = (
        Guardrail(client=clients.guardrails(), guardrail=settings.guardrail_id, version=settings.guardrail_version)
        if settings.moderator == "guardrail"
        else Comprehend(client=clients.comprehend())
    )
    return Breaker(service=judge, clock=time.monotonic)


def log_unavailable(unavailable: ModerationUnavailable) -> None:
    logger.warning(
        "moderation unavailable", extra={"cause": repr(unavailable.__cause__), **event("ModerationUnavailable")}
    )
