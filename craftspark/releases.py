"""Releases: which version of a style draws a job, and whether a new version may stay.

A style has a stable version and, while a new one is on trial, a canary that draws a share of the jobs. A trial is named
by the training that made its canary; its tallies count the jobs of both versions that were accepted during it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from craftspark.errors import CraftsparkError


class StyleUnknown(CraftsparkError):
    """No style of this name was ever registered."""


class CanaryRunning(CraftsparkError):
    """The style has another version on trial; this one can begin once that trial has ended."""


class CanaryGone(CraftsparkError):
    """The style's canary is not the version that this trial is about."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """The version that draws a job, whatever becomes of the style later. `trial` is empty outside of one."""

    style: str
    version: str
    trial: str = ""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A style's versions. `share` is the percentage of jobs that the canary draws, once there is a stable version."""

    style: str
    model: str
    stable: str = ""
    canary: str = ""
    share: int = 0
    trial: str = ""
    canary_until: datetime | None = None

    def pin(self, job_id: str) -> Pin | None:
        """The job's version, the same for every look at the same release; None where there is none to draw with."""
        if self.canary and (not self.stable or percentile(self.trial, job_id) < self.share):
            return Pin(style=self.style, version=self.canary, trial=self.trial)
        if self.stable:
            return Pin(style=self.style, version=self.stable, trial=self.trial)
        return None


def percentile(trial: str, job_id: str) -> int:
    """0 to 99, evenly over jobs, and independent from one trial to the next."""
    return int.from_bytes(hashlib.sha256(f"{trial}:{job_id}".encode()).digest()[:8], "big") % 100


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What became of a version's jobs in a trial. `failed` images of `images`; `render_s` of those delivered."""

    jobs: int = 0
    images: int = 0
    failed: int = 0
    render_s: float = 0.0

    @property
    def failed_percent(self) -> float:
        return 100 * self.failed / self.images if self.images else 0.0

    @property
    def render_s_per_image(self) -> float:
        delivered = self.images - self.failed
        return self.render_s / delivered if delivered else 0.0


@dataclass(frozen=True, kw_only=True)
class Gates:
    """When a canary is judged, and what it must not exceed.

    It may fail `most_failed_percent` of its images, or `more_failed_points` percentage points more than the stable
    version in the same time, whichever is more: a fault that both share is not the canary's. It may take
    `slower_percent` more time an image than the stable version.
    """

    least_jobs: int
    most_failed_percent: int
    more_failed_points: int
    slower_percent: int


class Decision(StrEnum):
    """What a judgement of a canary leads to."""

    WAIT = "wait"
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A decision and the sentence that gives its reason."""

    decision: Decision
    reason: str


def judge(canary: Tally, stable: Tally, gates: Gates, *, time_is_over: bool) -> Judgement:
    """Judge a canary once it has drawn enough jobs, or by what there is when its time is over.

    A canary that nobody used breaks no gate: the person's approval stands.
    """
    if canary.jobs < gates.least_jobs and not time_is_over:
        return Judgement(decision=Decision.WAIT, reason=f"{canary.jobs} of {gates.least_jobs} jobs are settled")
    allowed = float(gates.most_failed_percent)
    if stable.jobs:
        allowed = max(allowed, stable.failed_percent + gates.more_failed_points)
    if canary.failed_percent > allowed:
        return Judgement(
            decision=Decision.ROLL_BACK,
            reason=f"{canary.failed} of {canary.images} images failed, {canary.failed_percent:.1f} %; "
            f"{allowed:.1f} % are allowed",
        )
    # A mean over a few jobs says little about speed.
    if min(canary.jobs, stable.jobs) >= gates.least_jobs:
        slowest = stable.render_s_per_image * (1 + gates.slower_percent / 100)
        if canary.render_s_per_image > slowest:
            return Judgement(
                decision=Decision.ROLL_BACK,
                reason=f"an image takes {canary.render_s_per_image:.2f} s; {slowest:.2f} s are allowed",
            )
    return Judgement(
        decision=Decision.PROMOTE,
        reason=f"{canary.jobs} jobs settled, {canary.failed} of {canary.images} images failed",
    )
