"""Moderation of prompts: by words in their context, and by a service if the stage has one."""

import time
from functools import cache

from craftspark.accounts.refusals import CountedRefusals
from craftspark.aws import clients
from craftspark.aws.accounts.refusals import RefusalTable
from craftspark.errors import ModerationUnavailable
from craftspark.metrics import event
from craftspark.moderation import Moderation, Moderator
from craftspark.settings.uploads import TextModerationSettings
from craftspark.words.moderator import WordModerator
from lambdas.log import logger
from lambdas.wiring.accounts import account_table, accounts
from lambdas.wiring.words import word_index


@cache
def moderation() -> Moderation:
    settings = TextModerationSettings.from_environment()
    return Moderation(
        moderator=WordModerator(index=word_index()),
        service=service(settings),
        fallback="accept" if settings.moderation_fallback == "accept" else "refuse",
        report_unavailable=log_unavailable,
        refusals=CountedRefusals(records=RefusalTable(accounts=account_table()), accounts=accounts()),
    )


def service(settings: TextModerationSettings) -> Moderator | None:
    """The stage's service, behind a circuit breaker, or None. Its adapter is loaded only if there is a service."""
    if settings.moderator == "none":
        return None
    from craftspark.aws.pictures.guardrail import Comprehend, Guardrail, TextCircuitBreaker

    moderator = (
        Guardrail(client=clients.guardrails(), guardrail=settings.guardrail_id, version=settings.guardrail_version)
        if settings.moderator == "guardrail"
        else Comprehend(client=clients.comprehend())
    )
    return TextCircuitBreaker(service=moderator, clock=time.monotonic)


def log_unavailable(unavailable: ModerationUnavailable) -> None:
    logger.warning(
        "moderation unavailable", extra={"cause": repr(unavailable.__cause__), **event("ModerationUnavailable")}
    )
