"""What the functions need that start and end jobs."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class StartSettings(Settings):
    """What `start_render` needs. Each start takes at least `start_interval_ms`."""

    jobs_table: str
    state_machine_arn: str
    intake_queue_url: str
    start_interval_ms: int


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
    job_deadline_s: int
