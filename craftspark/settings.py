"""What each runtime is told by its environment: a construct writes it, the runtime reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from craftspark.errors import SettingMissing

PREFIX = "CRAFTSPARK_"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A runtime's settings. Every field is a string or an integer and travels as `CRAFTSPARK_<FIELD>`."""

    def to_environment(self) -> dict[str, str]:
        """The environment variables that `from_environment` reads back."""
        return {PREFIX + field.name.upper(): str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; raises SettingMissing with the variable's name where one is absent or not a number."""
        values: dict[str, str | int] = {}
        for field in fields(cls):
            variable = PREFIX + field.name.upper()
            try:
                text = environment[variable]
                values[field.name] = int(text) if field.type is int else text
            except (KeyError, ValueError):
                raise SettingMissing(
                    f"{cls.__name__} needs the environment variable {variable}", field=variable
                ) from None
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class TokenSettings(Settings):
    """What every function of the HTTP API needs. A token needs one of the scopes, which spaces separate."""

    token_scopes: str


@dataclass(frozen=True, kw_only=True)
class SubmitSettings(Settings):
    """What `submit_job` and `quote_job` need. The stage renders on `device`, with so many workers and launched tasks.

    Times are seconds: `launch_s` is how long a launched task takes to its first step, where none was launched lately,
    `batch_s` and `job_deadline_s` bound rendering a batch and a whole job. `dispatch_ms` are the milliseconds from a
    submission to the first step of an idle worker.

    `moderator` is what judges prompts beside the word lists: `none`, `comprehend` or `guardrail`, which has an id and
    a version. `unjudged` prompts, while it does not answer, are `accept`ed or `refuse`d.
    """

    jobs_table: str
    accounts_table: str
    styles_table: str
    intake_queue_url: str
    device: str
    warm_workers: int
    launched_tasks: int
    launch_s: int
    dispatch_ms: int
    batch_s: int
    moderator: str
    unjudged: str
    guardrail_id: str
    guardrail_version: str
    uploads_table: str
    model: str
    default_plan: str
    job_deadline_s: int
    job_retention_days: int


@dataclass(frozen=True, kw_only=True)
class ToolsSettings(Settings):
    """What `list_tools` needs."""

    model: str


@dataclass(frozen=True, kw_only=True)
class UploadSettings(Settings):
    """What the functions around uploads need; `create_upload` and `check_upload` have AccountSettings beside."""

    uploads_table: str
    uploads_bucket: str
    uploads_kept_days: int


@dataclass(frozen=True, kw_only=True)
class ConnectionSettings(Settings):
    """What `connect_live` and `disconnect_live` need."""

    connections_table: str


@dataclass(frozen=True, kw_only=True)
class LiveSettings(ConnectionSettings):
    """What `open_live` needs. `live_url` is the WebSocket API's address."""

    live_url: str


@dataclass(frozen=True, kw_only=True)
class PushSettings(ConnectionSettings):
    """What `push_updates` needs."""

    images_bucket: str
    url_lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class DeleteSettings(Settings):
    """What `delete_job` and `delete_images` need."""

    jobs_table: str
    images_bucket: str


@dataclass(frozen=True, kw_only=True)
class ReadSettings(DeleteSettings):
    """What `read_job` and `list_jobs` need."""

    url_lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class JobsSettings(Settings):
    """What `change_job` needs."""

    jobs_table: str


@dataclass(frozen=True, kw_only=True)
class AccountSettings(Settings):
    """What `read_account` and `list_ledger` need. `default_plan` is a new maker's."""

    accounts_table: str
    default_plan: str


@dataclass(frozen=True, kw_only=True)
class WebhookSettings(Settings):
    """What the functions that read and change webhooks need; `create_webhook` has AccountSettings beside."""

    webhooks_table: str


@dataclass(frozen=True, kw_only=True)
class FanOutSettings(WebhookSettings):
    """What `fan_out_webhooks` needs."""

    delivery_queue_url: str


@dataclass(frozen=True, kw_only=True)
class DeliverySettings(FanOutSettings):
    """What `deliver_webhook` needs. `dead_letters_url` takes what was tried in vain."""

    dead_letters_url: str


@dataclass(frozen=True, kw_only=True)
class AdminSettings(AccountSettings):
    """What the administrative functions need."""

    jobs_table: str


@dataclass(frozen=True, kw_only=True)
class DirectorySettings(Settings):
    """What `find_makers` has beside AdminSettings. `user_pool_id` is empty where the stage has another issuer."""

    user_pool_id: str


@dataclass(frozen=True, kw_only=True)
class SettleSettings(Settings):
    """What `settle_job`, `cancel_job` and `sweep_overdue_jobs` need."""

    jobs_table: str
    accounts_table: str
    styles_table: str


@dataclass(frozen=True, kw_only=True)
class ResendSettings(Settings):
    """What `resend_lost_jobs` needs."""

    jobs_table: str
    intake_queue_url: str
    model: str
    job_deadline_s: int


@dataclass(frozen=True, kw_only=True)
class StartSettings(Settings):
    """What `start_render` needs. Each start takes at least `start_interval_ms`."""

    jobs_table: str
    state_machine_arn: str
    intake_queue_url: str
    start_interval_ms: int


@dataclass(frozen=True, kw_only=True)
class GuardrailSettings(Settings):
    """What judging pictures needs. `guardrail_id` is empty where the stage has no guardrail.

    `unjudged` pictures, while it does not answer, are `accept`ed or `refuse`d.
    """

    guardrail_id: str
    guardrail_version: str
    unjudged: str


@dataclass(frozen=True, kw_only=True)
class StudioSettings(Settings):
    """What rendering needs, wherever orders come from.

    `device` is `cuda` or `cpu`. `signing_secret` names the key of content credentials in Secrets Manager; none are
    written where it is empty.
    """

    models_bucket: str
    model: str
    device: str
    signing_secret: str


@dataclass(frozen=True, kw_only=True)
class WorkerSettings(StudioSettings, GuardrailSettings):
    """What the GPU worker needs, in a warm pool as in a launched task.

    Durations are seconds: `gpu_queue_visibility_s` bounds how long a dead worker's
    message stays hidden, `stop_grace_s` is the time between SIGTERM and SIGKILL, and a render that makes no step for
    `stall_s` counts as dead.
    """

    jobs_table: str
    images_bucket: str
    uploads_bucket: str
    gpu_queue_url: str
    gpu_queue_visibility_s: int
    gpu_queue_max_receives: int
    stop_grace_s: int
    stall_s: int


@dataclass(frozen=True, kw_only=True)
class StartTrainingSettings(Settings):
    """What `start_training` needs."""

    trainings_table: str
    styles_table: str
    training_bucket: str
    state_machine_arn: str
    model: str


@dataclass(frozen=True, kw_only=True)
class ApprovalSettings(Settings):
    """What `ask_approval` and `decide_training` need."""

    trainings_table: str


@dataclass(frozen=True, kw_only=True)
class StyleSettings(Settings):
    """What `rollback_style` needs."""

    trainings_table: str
    styles_table: str


@dataclass(frozen=True, kw_only=True)
class ReleaseSettings(StyleSettings):
    """What `register_style`, `judge_canary` and `settle_training` need. `canary_s` bounds a trial, in seconds."""

    canary_percent: int
    canary_s: int
    least_jobs: int
    most_failed_percent: int
    more_failed_points: int
    slower_percent: int
    worse_percent: int


@dataclass(frozen=True, kw_only=True)
class TrainerSettings(Settings):
    """What a training task needs. `device` is `cuda` or `cpu`.

    Durations are seconds: the task tells that it lives every `heartbeat_s`, counts as hung after `stall_s` without a
    step, and has `stop_grace_s` between SIGTERM and SIGKILL.
    """

    training_bucket: str
    models_bucket: str
    model: str
    device: str
    heartbeat_s: int
    stall_s: int
    stop_grace_s: int
