"""Uploaded pictures: cleaned, and moderated by the stage's guardrail if it has one."""

from functools import cache

from craftspark.aws.pictures.picture_moderation import picture_moderation
from craftspark.errors import InvalidInput, ModerationUnavailable
from craftspark.metrics import event
from craftspark.moderation import PictureModeration
from craftspark.pictures.cleaning import clean, small_jpeg
from craftspark.pictures.structure import FIELD
from craftspark.settings.uploads import GuardrailSettings
from craftspark.uploads import CleanPicture
from lambdas.log import logger


@cache
def moderation() -> PictureModeration | None:
    return picture_moderation(GuardrailSettings.from_environment(), log_unmoderated)


def clean_and_moderate(content: bytes) -> CleanPicture:
    """The picture without metadata. Raises InvalidInput, or ModerationUnavailable if moderation is required."""
    picture = clean(content)
    if moderator := moderation():
        reasons = moderator.reasons(small_jpeg(picture), ours=False)
        if reasons:
            raise InvalidInput(
                f"images that show {', '.join(reasons)} are not allowed; send another image", field=FIELD
            )
    return picture


def log_unmoderated(unavailable: ModerationUnavailable) -> None:
    logger.warning("upload not moderated", extra={"cause": repr(unavailable.__cause__), **event("UploadUnmoderated")})
