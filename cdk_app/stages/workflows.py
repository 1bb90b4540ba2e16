"""Values of the state machines: how long each part of a job and of a training may take."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cdk_app.stages.quantities import STRICT, Days, Percent, Positive, Seconds, StopSeconds
from craftspark.tools.request import Lane

MAX_EXECUTION_S = 365 * 24 * 3600  # of Step Functions
TRANSITIONS_PER_JOB = 7  # of a job with one batch and no retry


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Rendering:
    """How long each part of a job may take, and how often a batch is retried.

    A batch waits in the queue of its lane for up to `interactive_wait_s` or `bulk_wait_s`. If no worker takes it, it
    waits up to `launch_wait_s` for a task that is launched for it. The worker takes up to `batch_s` and sends a
    heartbeat at least every `wave_s`. An image whose model is not loaded waits at most `max_model_wait_s` in a worker
    while another model has work. A bulk wave stops for interactive images if that spares them at least `stop_bulk_s`.
    `signing_secret` names the secret with the key of content credentials, which the
    stage's owners keep. Without it, pictures carry their recipe and no signature.

    Up to `starts_per_s` jobs start per second. The two quotas are the refill rates of Step Functions in the stage's
    region, for StartExecution and for state transitions.
    """

    interactive_wait_s: Seconds
    bulk_wait_s: Seconds
    launch_wait_s: Seconds
    wave_s: Seconds
    batch_s: Seconds
    job_deadline_s: Seconds
    gpu_queue_visibility_s: Seconds
    max_model_wait_s: Seconds
    stop_bulk_s: Seconds
    stop_grace_s: StopSeconds
    stall_s: Seconds
    max_interruptions: Positive
    signing_secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]+$", max_length=512)] | None = None
    starts_per_s: Annotated[int, Field(ge=1, le=5000)]
    start_quota_per_s: Positive
    transition_quota_per_s: Positive

    def queue_wait_s(self, lane: Lane) -> int:
        """How long a batch of the lane waits in the queue of its pool."""
        return self.bulk_wait_s if lane == "bulk" else self.interactive_wait_s

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.interactive_wait_s > self.bulk_wait_s:
            raise ValueError(
                f"bulk_wait_s: a bulk batch waits at least as long as an interactive one, {self.interactive_wait_s} s"
            )
        max_s = self.bulk_wait_s + self.launch_wait_s + 2 * self.batch_s
        if self.job_deadline_s <= max_s:
            raise ValueError(f"job_deadline_s: waiting and rendering can take {max_s} s, so it must be more")
        if self.batch_s <= self.wave_s:
            raise ValueError(f"batch_s: a batch takes longer than one wave, so it must be more than {self.wave_s}")
        return self

    @model_validator(mode="after")
    def _check_starts(self) -> Self:
        maximum = min(self.start_quota_per_s, self.transition_quota_per_s // TRANSITIONS_PER_JOB)
        if self.starts_per_s > maximum:
            raise ValueError(
                f"starts_per_s: the quotas allow {maximum} jobs of {TRANSITIONS_PER_JOB} transitions per second, "
                f"not {self.starts_per_s}"
            )
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Training:
    """How long each part of a training may take, and when a new version of a style is promoted.

    Styles are trained for `model`, on the GPUs of its pool. They belong to the tools that use it.

    A task waits up to `launch_wait_s` for a GPU, sends a heartbeat at least every `silence_s`, and trains for up to
    `train_s` without interruption. A person decides within `approval_days`. The canary draws `canary_percent` of the
    jobs. It is judged every `judge_every_s` until `least_jobs` are settled or `canary_s` are over. It may fail
    `most_failed_percent` of its images, or `more_failed_points` more than the stable version. It may take
    `slower_percent` more time, and its loss may be `worse_percent` higher.
    """

    model: str
    launch_wait_s: Seconds
    silence_s: Seconds
    check_s: Seconds
    train_s: Seconds
    stop_grace_s: StopSeconds
    max_interruptions: Positive
    approval_days: Annotated[int, Field(ge=1, le=90)]
    canary_percent: Annotated[int, Field(ge=1, le=50)]
    canary_s: Annotated[int, Field(ge=1, le=14 * 24 * 3600)]
    judge_every_s: Seconds
    least_jobs: Positive
    most_failed_percent: Percent
    more_failed_points: Percent
    slower_percent: Percent
    worse_percent: Percent
    runs_kept_days: Days

    @property
    def max_s(self) -> int:
        """The time that a training takes at most, with two canaries: that of another version may have to end first."""
        attempts = self.launch_wait_s + self.train_s
        waiting = self.approval_days * 24 * 3600 + 2 * (self.canary_s + self.judge_every_s)
        return self.launch_wait_s + self.check_s + 2 * (1 + self.max_interruptions) * attempts + waiting

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.judge_every_s > self.canary_s:
            raise ValueError(f"judge_every_s: a canary is judged within {self.canary_s} s, so it must not be more")
        if self.max_s > MAX_EXECUTION_S:
            raise ValueError("train_s: with all its waits, a training would take longer than an execution may")
        return self
