"""Releases: which version of a style draws a job, and whether a new version is promoted.

A style has a stable version and, during a trial, a canary that draws a share of the jobs. A trial is named by the
training that produced its canary. Its tallies count the jobs of both versions that were accepted during the trial.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from craftspark.contracts import Contract
from craftspark.errors import InvalidInput
from craftspark.errors.styles import CanaryRunning


@dataclass(frozen=True, kw_only=True)
class Pin:
    """The version that draws a job, even if the style changes later. `trial` is empty outside a trial."""

    style: str
    version: str
    trial: str = ""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A style's versions. `share` is the percentage of jobs that the canary draws while there is a stable version.

    `earlier` are the previous stable versions, the latest last, for rollbacks.
    """

    style: str
    model: str
    stable: str = ""
    earlier: tuple[str, ...] = ()
    canary: str = ""
    share: int = 0
    trial: str = ""
    canary_until: datetime | None = None

    def promote(self, version: str) -> "Release":
        """The release with this version as the stable one, and the previous one in `earlier`."""
        earlier = (*self.earlier, self.stable) if self.stable else self.earlier
        return replace(self, stable=version, earlier=earlier)

    def roll_back(self, version: str | None) -> "Release":
        """The release with an earlier version as the stable one: `version`, or the previous one.

        Raises CanaryRunning during a trial, InvalidInput if there is no earlier version.
        """
        if self.canary:
            raise CanaryRunning(
                f"{self.style} has the canary {self.canary}; stop the execution {self.trial} first", field="style"
            )
        if version is None:
            if not self.earlier:
                raise InvalidInput(f"{self.style} has no version before {self.stable or 'the first'}", field="version")
            version = self.earlier[-1]
        if version == self.stable:
            return self
        if version in self.earlier:
            return replace(self, stable=version, earlier=self.earlier[: self.earlier.index(version)])
        return self.promote(version)

    def pin(self, job_id: str, now: datetime) -> Pin | None:
        """The job's version, which is the same for every read of the same release, or None if there is none.

        After the trial's time, a canary draws no more jobs, even if it was not judged yet, unless it is the only
        version.
        """
        over = self.canary_until is not None and now >= self.canary_until
        if self.canary and (not self.stable or (not over and percentile(self.trial, job_id) < self.share)):
            return Pin(style=self.style, version=self.canary, trial=self.trial)
        if self.stable:
            return Pin(style=self.style, version=self.stable, trial="" if over else self.trial)
        return None


def percentile(trial: str, job_id: str) -> int:
    """0 to 99, evenly distributed over jobs, and independent between trials."""
    return int.from_bytes(hashlib.sha256(f"{trial}:{job_id}".encode()).digest()[:8], "big") % 100


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The results of a version's jobs in a trial: `failed` of `images`, and the `render_s` of delivered images."""

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
    """The limits for a canary, and when it is judged.

    It may fail `most_failed_percent` of its images, or `more_failed_points` percentage points more than the stable
    version in the same time, whichever is more, because an error of both versions is not caused by the canary. It may
    take `slower_percent` more time per image than the stable version. Its loss on pictures of the style may be
    `worse_percent` higher than the stable version's on the same pictures and noise.
    """

    least_jobs: int
    most_failed_percent: int
    more_failed_points: int
    slower_percent: int
    worse_percent: int


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """The losses of the canary and the stable version on the same pictures of their style. A lower loss is better."""

    canary: float
    stable: float

    @classmethod
    def read(cls, figures: Mapping[str, Any], stable: str) -> Self | None:
        """From the figures of a training, or None if it was not compared with this stable version."""
        if not stable or figures.get("stable") != stable:
            return None
        return cls(canary=figures["style_loss"], stable=figures["style_loss_stable"])


class Decision(StrEnum):
    """The result of judging a canary."""

    WAIT = "wait"
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True, kw_only=True)
class Judgement(Contract):
    """The result of `judge_canary`: a decision and its reason, as a sentence."""

    decision: Decision
    reason: str


def judge_canary(
    canary: Tally, stable: Tally, gates: Gates, *, time_is_over: bool, likeness: Likeness | None = None
) -> Judgement:
    """Judge a canary that has drawn enough jobs, or with the jobs it has when its time is over.

    A canary whose loss exceeds the limit is judged without any jobs. A canary without jobs passes the other gates,
    because a person approved it.
    """
    if likeness and likeness.canary > likeness.stable * (1 + gates.worse_percent / 100):
        return Judgement(
            decision=Decision.ROLL_BACK,
            reason=f"the loss on images of the style is {likeness.canary:.4f} and that of the stable version"
            f" {likeness.stable:.4f}; the limit is {gates.worse_percent} % more",
        )
    if canary.jobs < gates.least_jobs and not time_is_over:
        return Judgement(decision=Decision.WAIT, reason=f"{canary.jobs} of {gates.least_jobs} jobs settled")
    allowed = float(gates.most_failed_percent)
    if stable.jobs:
        allowed = max(allowed, stable.failed_percent + gates.more_failed_points)
    if canary.failed_percent > allowed:
        return Judgement(
            decision=Decision.ROLL_BACK,
            reason=f"{canary.failed} of {canary.images} images failed, {canary.failed_percent:.1f} %; "
            f"the limit is {allowed:.1f} %",
        )
    # The mean of a few jobs says little about speed.
    if min(canary.jobs, stable.jobs) >= gates.least_jobs:
        slowest = stable.render_s_per_image * (1 + gates.slower_percent / 100)
        if canary.render_s_per_image > slowest:
            return Judgement(
                decision=Decision.ROLL_BACK,
                reason=f"an image takes {canary.render_s_per_image:.2f} s; the limit is {slowest:.2f} s",
            )
    return Judgement(
        decision=Decision.PROMOTE,
        reason=f"{canary.jobs} jobs settled, {canary.failed} of {canary.images} images failed",
    )
