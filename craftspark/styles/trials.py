"""Trials: an approved version draws a share of the jobs for a time, then it is the stable version or gone.

The records read, write and check conditions. The rules are here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.errors.outcomes import ExecutionEnded
from craftspark.errors.styles import CanaryGone, NotApproved, TrainingNotFound, VersionNotReleased
from craftspark.styles.messages import TrainingEnd
from craftspark.styles.releases import Release, Tally
from craftspark.styles.trainings import Training, TrainingState, training_id_of

APPROVE = "approve"
AFTER_TRIAL = (TrainingState.PROMOTED, TrainingState.ROLLED_BACK)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A new trial: the canary draws `share` percent of the jobs `until` a moment."""

    training: Training
    share: int
    started_at: datetime
    until: datetime


class StyleRecords(Protocol):
    """Where releases are kept, and changed in one transaction with the trainings that they come from."""

    def training(self, training_id: str) -> Training:
        """Raises TrainingNotFound."""

    def release(self, style: str) -> Release:
        """Raises StyleUnknown."""

    def tally(self, release: Release, version: str) -> Tally:
        """What became of a version's jobs in the release's trial so far."""

    def start_trial(self, trial: Trial) -> None:
        """Write the canary and its training's state; raises CanaryRunning for a style with another, TrainingChanged."""

    def end(self, training: Training, ended: Training, promoted: Release | None, *, at: datetime) -> None:
        """Write the training's end and end its trial if it is on one; `promoted` is the release where it was promoted.

        Raises TrainingChanged where the training is not as it was read, CanaryGone where its trial has ended.
        """

    def replace_stable(self, release: Release, back: Release, *, who: str, why: str) -> None:
        """Write another stable version and who asked for it; raises ReleaseChanged."""


def trial_of(training: Training, *, share: int, duration: timedelta, now: datetime) -> Trial:
    """The trial of an approved training; raises NotApproved."""
    if training.decided is None or training.decided.decision != APPROVE:
        raise NotApproved(f"nobody has approved {training.training_id}")
    return Trial(training=training, share=share, started_at=now, until=now + duration)


def end_training(training: Training, end: TrainingEnd, now: datetime) -> Training:
    """The training with its final state; raises CanaryGone for a trial's outcome where there was no trial.

    A training whose execution was stopped during its trial is rolled back: it is good, and a person ended its trial.
    """
    on_trial = training.state is TrainingState.CANARY
    outcome = TrainingState.ROLLED_BACK if on_trial and end.error == ExecutionEnded.__name__ else end.outcome
    if outcome in AFTER_TRIAL and not on_trial:
        raise CanaryGone(f"{training.training_id} was never on trial: it is {training.state}")
    return replace(training, state=outcome, finished_at=now, error=end.error, cause=end.cause, token="")


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Starts trials, ends trainings with them, and rolls styles back to earlier versions."""

    records: StyleRecords
    now: Callable[[], datetime] = utc_now

    def start(self, training_id: str, *, share: int, duration: timedelta) -> Training:
        """Make an approved training's version its style's canary; a second time changes nothing.

        Raises TrainingNotFound, NotApproved, CanaryRunning where another version is on trial, or TrainingChanged.
        """
        training = self.records.training(training_id)
        if training.state is TrainingState.CANARY:
            return training
        self.records.start_trial(trial_of(training, share=share, duration=duration, now=self.now()))
        return replace(training, state=TrainingState.CANARY)

    def settle(self, end: TrainingEnd) -> tuple[Training, bool]:
        """Give the training its final state, and end its trial. Also returns whether it ended in this call.

        Raises TrainingNotFound, TrainingChanged or CanaryGone.
        """
        training = self.records.training(end.training_id)
        if training.state.final:
            return training, False
        now = self.now()
        final, promoted = end_training(training, end, now), None
        if final.state is TrainingState.PROMOTED:
            # Nothing but the end of this trial changes what is stable while it lasts.
            promoted = self.records.release(training.style).promote(training.version)
        self.records.end(training, final, promoted, at=now)
        return final, True

    def of(self, training: Training) -> Release:
        """The style's release, with the training's version on trial; raises CanaryGone where it is not."""
        release = self.records.release(training.style)
        if release.trial != training.training_id:
            raise CanaryGone(f"{training.training_id} is not on trial any more")
        return release

    def roll_back(self, style: str, version: str | None, *, who: str, why: str) -> tuple[Release, Release]:
        """Make an earlier version the stable one, and record who asked for it; returns the release before and after.

        Nothing changes if that version is stable already. Raises StyleUnknown, CanaryRunning, InvalidInput,
        VersionNotReleased for a version that was never promoted, or ReleaseChanged.
        """
        release = self.records.release(style)
        back = release.roll_back(version)
        if back.stable == release.stable:
            return release, release
        if not self._was_promoted(style, back.stable):
            raise VersionNotReleased(f"{style} has no version {back.stable} that was ever promoted", field="version")
        self.records.replace_stable(release, back, who=who, why=why)
        return release, back

    def _was_promoted(self, style: str, version: str) -> bool:
        try:
            return self.records.training(training_id_of(style, version)).state is TrainingState.PROMOTED
        except TrainingNotFound:
            return False
