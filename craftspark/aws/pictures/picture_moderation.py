"""The moderation of pictures, as the stage's settings define it."""

from __future__ import annotations

import time
from collections.abc import Callable

from craftspark.aws import clients
from craftspark.errors import ModerationUnavailable
from craftspark.moderation import PictureModeration
from craftspark.settings.uploads import GuardrailSettings


def picture_moderation(
    settings: GuardrailSettings, report_unavailable: Callable[[ModerationUnavailable], None]
) -> PictureModeration | None:
    """None if the stage has no guardrail. The adapter is imported only if there is one."""
    if not settings.guardrail_id:
        return None
    from craftspark.aws.pictures.guardrail import Guardrail, PictureCircuitBreaker

    guardrail = Guardrail(
        client=clients.picture_guardrails(), guardrail=settings.guardrail_id, version=settings.guardrail_version
    )
    return PictureModeration(
        service=PictureCircuitBreaker(service=guardrail, clock=time.monotonic),
        fallback="accept" if settings.moderation_fallback == "accept" else "refuse",
        report_unavailable=report_unavailable,
    )
