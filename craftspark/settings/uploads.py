"""What the functions of uploads need, and whoever judges pictures."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class UploadSettings(Settings):
    """What the functions around uploads need; `create_upload` and `check_upload` have AccountSettings beside."""

    uploads_table: str
    uploads_bucket: str
    uploads_kept_days: int


@dataclass(frozen=True, kw_only=True)
class GuardrailSettings(Settings):
    """What judging pictures needs. `guardrail_id` is empty where the stage has no guardrail.

    `unjudged` pictures, while it does not answer, are `accept`ed or `refuse`d.
    """

    guardrail_id: str
    guardrail_version: str
    unjudged: str
