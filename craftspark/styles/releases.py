"""Releases: which version of a style draws a job, and whether a new version may stay.

A style has a stable version and, while a new one is on trial, a canary that draws a share of the jobs. A trial is named
by the training that made its canary; its tallies count the jobs of both versions that were accepted during it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from craftspark.errors import InvalidInput
from craftspark.errors.styles import CanaryRunning


@dataclass(frozen=True, kw_only=True)
class Pin:
    """The version that draws a job, whatever becomes of the style later. `trial` is empty outside of one."""

    style: str
    version: str
    trial: str = ""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A style's versions. `share` is the percentage of jobs that the canary draws, once there is a stable version.

    `earlier` are the versions that were stable before `stable`, the latest last: the way back.
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
        """The release with this version as the stable one, and the way back to the one before."""
        earlier = (*self.earlier, self.stable) if self.stable else self.earlier
        return replace(self, stable=version, earlier=earlier)

    def roll_back(self, version: str | None) -> "Release":
        """The release with an earlier version as the stable one: `version`, or the one before the present one.

        Raises CanaryRunning while a version is on trial, InvalidInput where no version came before.
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
        """The job's version, the same for every look at the same release; None where there is none to draw with.

        Once the trial's time is over, a canary draws no more, judged yet or not, unless it is the only version.
        """
        over = self.canary_until is not None and now >= self.canary_until
        if self.canary and (not self.stable or (not over and percentile(self.trial, job_id) < self.share)):
            return Pin(style=self.style, version=self.canary, trial=self.trial)
        if self.stable:
            return Pin(style=self.style, version=self.stable, trial="" if over else self.trial)
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
    `slower_percent` more time an image than the stable version. Its loss on pictures of the style may be
    `worse_percent` higher than the stable version's on the same pictures and noise.
    """

    least_jobs: int
    most_failed_percent: int
    more_failed_points: int
    slower_percent: int
    worse_percent: int


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How well the canary and the stable version explain the same pictures of their style: losses, less is better."""

    canary: float
    stable: float

    @classmethod
    def read(cls, figures: Mapping[str, Any], stable: str) -> Self | None:
        """From a training's figures; None where it was not compared with this stable version."""
        if not stable or figures.get("stable") != stable:
            return None
        return cls(canary=figures["style_loss"], stable=figures["style_loss_stable"])


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


def judge_canary(
    canary: Tally, stable: Tally, gates: Gates, *, time_is_over: bool, likeness: Likeness | None = None
) -> Judgement:
    """Judge a canary once it has drawn enough jobs, or by what there is when its time is over.

    One that is clearly worse at its own style than the stable version need not draw first. A canary that nobody used
    breaks no other gate: the person's approval stands.
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
    # A mean over a few jobs says little about speed.
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
