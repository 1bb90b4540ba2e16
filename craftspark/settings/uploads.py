"""Settings of the functions for uploads, and of all code that moderates pictures or words."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class UploadSettings(Settings):
    """Settings of the functions for uploads. `create_upload` and `check_upload` also have AccountSettings.

    `url_lifetime_s` is the validity of links to checked pictures.
    """

    uploads_table: str
    uploads_bucket: str
    uploads_kept_days: int
    url_lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class GuardrailSettings(Settings):
    """Settings of the moderation of pictures. `guardrail_id` is empty if the stage has no guardrail.

    While the guardrail is unavailable, `moderation_fallback` says whether to `accept` or to `refuse` pictures.
    """

    guardrail_id: str
    guardrail_version: str
    moderation_fallback: str


@dataclass(frozen=True, kw_only=True)
class TextModerationSettings(GuardrailSettings):
    """Settings of the moderation of words, in addition to AccountSettings.

    `moderator` checks words in addition to the word lists: `none`, `comprehend` or `guardrail`.
    """

    moderator: str
