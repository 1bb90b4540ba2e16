from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from craftspark.errors import InvalidInput
from craftspark.errors.styles import CanaryGone, CanaryRunning, NotApproved, TrainingNotFound, VersionNotReleased
from craftspark.styles.messages import TrainingEnd
from craftspark.styles.releases import Release, Tally
from craftspark.styles.trainings import Training, TrainingDecision, TrainingState
from craftspark.styles.trials import Trial, Trials
from tests.fakes import NOON

HOUR = timedelta(hours=1)


@dataclass
class FakeStyleRecords:
    """Trainings of the style "sunny" and its release, in memory."""

    trainings: dict[str, Training] = field(default_factory=dict)
    sunny: Release = field(default_factory=lambda: Release(style="sunny", model="m"))
    rolled_back: list[tuple[str, str, str]] = field(default_factory=list)

    def training(self, training_id: str) -> Training:
        if training_id not in self.trainings:
            raise TrainingNotFound("none")
        return self.trainings[training_id]

    def release(self, style: str) -> Release:
        return self.sunny

    def tally(self, release: Release, version: str) -> Tally:
        return Tally()

    def start_trial(self, trial: Trial) -> None:
        if self.sunny.canary:
            raise CanaryRunning("another")
        training = replace(trial.training, state=TrainingState.CANARY)
        self.trainings[training.training_id] = training
        self.sunny = replace(
            self.sunny,
            canary=training.version,
            share=trial.share,
            trial=training.training_id,
            canary_until=trial.until,
        )

    def end(self, training: Training, ended: Training, promoted: Release | None, *, at: datetime) -> None:
        assert ended.finished_at == at
        self.trainings[training.training_id] = ended
        if training.state is TrainingState.CANARY:
            self.sunny = replace(promoted or self.sunny, canary="", share=0, trial="", canary_until=None)

    def replace_stable(self, release: Release, back: Release, *, who: str, why: str) -> None:
        self.sunny = back
        self.rolled_back.append((back.stable, who, why))


def trials(*versions: str, decision: str | None = "approve") -> tuple[Trials, FakeStyleRecords]:
    """Trials of versions, each with the decision of a person. None leaves the versions undecided."""
    records = FakeStyleRecords()
    for version in versions:
        decided = TrainingDecision(decision=decision, who="ann", why="clean", at=NOON) if decision else None
        training = Training(
            style="sunny",
            version=version,
            model="m",
            request={},
            fingerprint="f",
            created_at=NOON,
            state=TrainingState.AWAITS_APPROVAL,
            token="token",
            decided=decided,
        )
        records.trainings[training.training_id] = training
    return Trials(records=records, now=lambda: NOON), records


def end(version: str, outcome: TrainingState, error: str = "") -> TrainingEnd:
    return TrainingEnd(training_id=f"sunny.{version}", outcome=outcome, error=error, cause="because")


@pytest.mark.parametrize("decision", [None, "reject"])
def test_a_version_without_approval_has_no_trial(decision: str | None) -> None:
    there, records = trials("v1", decision=decision)

    with pytest.raises(NotApproved):
        there.start("sunny.v1", share=20, duration=HOUR)
    assert records.sunny.canary == ""


def test_an_approved_version_has_its_share_and_time_and_starts_once() -> None:
    there, records = trials("v1")

    first, again = (there.start("sunny.v1", share=20, duration=HOUR) for _ in range(2))

    assert first.state is again.state is TrainingState.CANARY
    assert (records.sunny.canary, records.sunny.share, records.sunny.canary_until) == ("v1", 20, NOON + HOUR)


def test_the_end_of_a_trial_promotes_its_version_or_removes_it() -> None:
    there, records = trials("v1", "v2")

    for version, outcome in (("v1", TrainingState.PROMOTED), ("v2", TrainingState.ROLLED_BACK)):
        there.start(f"sunny.{version}", share=20, duration=HOUR)
        training, ended_now = there.settle(end(version, outcome))
        assert (training.state, training.token, ended_now) == (outcome, "", True)

    assert (records.sunny.stable, records.sunny.canary) == ("v1", "")


@pytest.mark.parametrize("outcome", [TrainingState.PROMOTED, TrainingState.ROLLED_BACK])
def test_a_version_without_a_trial_cannot_end_as_promoted(outcome: TrainingState) -> None:
    there, records = trials("v1")

    with pytest.raises(CanaryGone):
        there.settle(end("v1", outcome))
    assert not records.trainings["sunny.v1"].state.final


@pytest.mark.parametrize(
    ("on_trial", "state"), [(True, TrainingState.ROLLED_BACK), (False, TrainingState.FAILED)], ids=["trial", "before"]
)
def test_a_stopped_execution_fails_a_training_and_rolls_a_trial_back(on_trial: bool, state: TrainingState) -> None:
    there, _ = trials("v1")
    if on_trial:
        there.start("sunny.v1", share=20, duration=HOUR)

    training, _ = there.settle(end("v1", TrainingState.FAILED, "ExecutionEnded"))

    assert training.state is state


def test_a_final_training_stays_as_it_is() -> None:
    there, _ = trials("v1")
    first, _ = there.settle(end("v1", TrainingState.REJECTED))

    again, ended_now = there.settle(end("v1", TrainingState.FAILED, "ExecutionEnded"))

    assert (again, ended_now) == (first, False)


def promoted(*versions: str) -> tuple[Trials, FakeStyleRecords]:
    there, records = trials(*versions)
    for version in versions:
        there.start(f"sunny.{version}", share=20, duration=HOUR)
        there.settle(end(version, TrainingState.PROMOTED))
    return there, records


def test_a_rollback_restores_the_previous_version_and_records_who_asked() -> None:
    there, records = promoted("v1", "v2")

    before, after = there.roll_back("sunny", None, who="bob", why="smudged")

    assert (before.stable, after.stable) == ("v2", "v1")
    assert records.rolled_back == [("v1", "bob", "smudged")]


def test_a_rollback_to_the_stable_version_changes_nothing() -> None:
    there, records = promoted("v1", "v2")

    there.roll_back("sunny", "v2", who="bob", why="smudged")

    assert records.rolled_back == []


def test_a_rollback_needs_a_promoted_version_and_no_running_trial() -> None:
    there, records = promoted("v1", "v2")
    with pytest.raises(VersionNotReleased):
        there.roll_back("sunny", "v9", who="bob", why="smudged")
    records.sunny = replace(records.sunny, canary="v3", trial="sunny.v3")
    with pytest.raises(CanaryRunning):
        there.roll_back("sunny", "v1", who="bob", why="smudged")
    records.sunny = Release(style="sunny", model="m")
    with pytest.raises(InvalidInput):
        there.roll_back("sunny", None, who="bob", why="smudged")

    assert records.rolled_back == []
