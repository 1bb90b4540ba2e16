"""What the functions of trainings and styles need."""

from dataclasses import dataclass

from craftspark.settings import Settings


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
