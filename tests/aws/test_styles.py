"""Releases and trainings on the tables, changed by the functions of the state machine."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.jobs.job_table import settlement
from craftspark.aws.styles.releases import FRESH_S, Releases, read_style
from craftspark.aws.styles.style_table import StyleTable, style_table
from craftspark.clock import utc_now
from craftspark.errors import InvalidInput
from craftspark.errors.styles import (
    CanaryGone,
    CanaryRunning,
    NotApproved,
    StyleUnknown,
    TrainingChanged,
    VersionNotReleased,
)
from craftspark.settings.rendering import SettleSettings
from craftspark.settings.styles import ApprovalSettings, ReleaseSettings
from craftspark.styles.releases import Pin, Tally
from craftspark.styles.trainings import Training, TrainingDecision, TrainingState
from craftspark.styles.trials import trial_of
from lambdas.ask_approval import handler as ask_approval
from lambdas.judge_canary import handler as judge_canary
from lambdas.register_style import handler as register_style
from lambdas.rollback_style import handler as rollback_style
from lambdas.settle_training import handler as settle_training
from tests.aws import api
from tests.aws.api import Context
from tests.aws.conftest import ACCOUNTS, JOBS, STYLES, TRAININGS
from tests.fakes import NOON

SETTINGS = ReleaseSettings(
    trainings_table=TRAININGS,
    styles_table=STYLES,
    canary_percent=20,
    canary_s=3600,
    least_jobs=2,
    most_failed_percent=5,
    more_failed_points=2,
    slower_percent=25,
    worse_percent=10,
)
SETTLE = SettleSettings(jobs_table=JOBS, accounts_table=ACCOUNTS, styles_table=STYLES)
TRAINED = {"figures": {"loss": 0.5, "loss_without": 1.0}, "adapter": "s3://models/styles/sunny/v1", "grid": "s3://g"}


@pytest.fixture
def styles(tables: None, monkeypatch: pytest.MonkeyPatch) -> StyleTable:
    environment = {**SETTINGS.to_environment(), **ApprovalSettings(trainings_table=TRAININGS).to_environment()}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for cached in (
        ask_approval.table,
        judge_canary.settings,
        judge_canary.gates,
        register_style.settings,
        register_style.trials,
        rollback_style.trials,
        settle_training.trials,
    ):
        cached.cache_clear()
    return style_table(SETTINGS)


def start_training(styles: StyleTable, version: str = "v1") -> str:
    training = Training(
        style="sunny", version=version, model="m", request={"who": "ann"}, fingerprint="f", created_at=NOON
    )
    assert styles.trainings.open(training) is None
    return training.training_id


def approved(styles: StyleTable, version: str = "v1") -> str:
    training_id = start_training(styles, version)
    ask(training_id, f"token-{version}")
    decision = TrainingDecision(decision="approve", who="ann", why="clean lines", at=NOON)
    styles.trainings.decide(styles.trainings.read(training_id), decision)
    return training_id


def ask(training_id: str, token: str = "token") -> None:
    ask_approval.handler({"training_id": training_id, "task_token": token, "trained": TRAINED}, Context())


def register(training_id: str) -> Any:
    return register_style.handler({"training_id": training_id}, Context())


def settle(training_id: str, outcome: str) -> Any:
    end = {"training_id": training_id, "outcome": outcome, "error": "", "cause": "because"}
    return settle_training.handler(end, Context())


def release() -> Any:
    return read_style(clients.dynamodb(), STYLES, "sunny")


def test_a_result_is_stored_with_the_token_of_the_waiting_state(styles: StyleTable) -> None:
    training_id = start_training(styles)

    ask(training_id, "first")
    ask(training_id, "second")

    training = styles.trainings.read(training_id)
    assert (training.state, training.token) == (TrainingState.AWAITS_APPROVAL, "second")
    assert training.figures == TRAINED["figures"]


def test_the_event_of_a_waiting_training_has_no_token(styles: StyleTable, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    class Bus:
        def put_events(self, Entries: Any) -> Any:  # noqa: N803 - boto3's name
            told.extend(Entries)
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in Entries]}

    monkeypatch.setattr(clients, "eventbridge", Bus)
    ask(start_training(styles), "the-secret-token")

    [entry] = told
    assert (entry["Source"], entry["DetailType"]) == ("craftspark.trainings", "TrainingAwaitsApproval")
    assert json.loads(entry["Detail"])["grid"] == TRAINED["grid"]
    assert "the-secret-token" not in str(entry)


def test_an_ended_training_asks_for_no_approval(styles: StyleTable) -> None:
    training_id = start_training(styles)
    settle(training_id, "failed")

    with pytest.raises(TrainingChanged):
        ask(training_id)


def test_only_one_decision_is_stored(styles: StyleTable) -> None:
    training = styles.trainings.read(approved(styles))

    with pytest.raises(TrainingChanged):
        styles.trainings.decide(training, TrainingDecision(decision="reject", who="bob", why="no", at=NOON))


def test_a_version_is_not_registered_without_an_approval(styles: StyleTable) -> None:
    training_id = start_training(styles)
    ask(training_id)

    with pytest.raises(NotApproved):
        register(training_id)
    with pytest.raises(StyleUnknown):
        release()


def test_a_canary_is_registered_once_however_often_it_is_tried(styles: StyleTable) -> None:
    training_id = approved(styles)

    assert register(training_id) == register(training_id) == {"training_id": training_id, "state": "canary"}

    assert (release().canary, release().share, release().trial) == ("v1", 20, training_id)


def test_a_style_has_one_trial_at_a_time(styles: StyleTable) -> None:
    first, second = approved(styles), approved(styles, "v2")
    register(first)

    with pytest.raises(CanaryRunning):
        register(second)
    settle(first, "promoted")
    register(second)

    assert (release().stable, release().canary) == ("v1", "v2")


def test_a_promotion_makes_the_canary_stable_together_with_the_final_state(styles: StyleTable) -> None:
    training_id = approved(styles)
    register(training_id)

    first, again = settle(training_id, "promoted"), settle(training_id, "failed")

    assert first == again
    assert first["state"] == "promoted"
    assert (release().stable, release().canary, release().trial) == ("v1", "", "")
    assert styles.trainings.read(training_id).token == ""


@pytest.mark.parametrize("outcome", ["rolled_back", "failed"])
def test_every_other_end_of_a_trial_keeps_the_stable_version(styles: StyleTable, outcome: str) -> None:
    register(approved(styles))
    settle("sunny.v1", "promoted")
    register(approved(styles, "v2"))

    assert settle("sunny.v2", outcome)["state"] == outcome

    assert (release().stable, release().canary) == ("v1", "")


def test_a_version_without_a_trial_cannot_be_promoted(styles: StyleTable) -> None:
    training_id = approved(styles)

    with pytest.raises(CanaryGone):
        settle(training_id, "promoted")
    assert settle(training_id, "rejected")["state"] == "rejected"


def test_a_training_that_changed_since_it_was_read_is_not_ended(styles: StyleTable) -> None:
    training = styles.trainings.read(approved(styles))
    register(training.training_id)

    with pytest.raises(TrainingChanged):
        styles.end(training, replace(training, state=TrainingState.REJECTED), None, at=NOON)
    assert release().canary == "v1"


def test_a_trial_that_has_ended_is_not_judged(styles: StyleTable) -> None:
    training_id = approved(styles)
    register(training_id)
    settle(training_id, "rolled_back")

    with pytest.raises(CanaryGone):
        judge_canary.handler({"training_id": training_id}, Context())


def test_a_release_is_cached(styles: StyleTable) -> None:
    now = [0.0]
    releases = Releases(client=clients.dynamodb(), table=STYLES, now=lambda: now[0])
    with pytest.raises(StyleUnknown):
        releases.find("sunny")
    register(approved(styles))

    seen = releases.find("sunny")
    settle("sunny.v1", "promoted")

    assert releases.find("sunny") == seen
    now[0] = FRESH_S + 1
    assert releases.find("sunny").stable == "v1"


@pytest.fixture
def on_trial(styles: StyleTable, submit_settings: Any) -> str:
    """Start a trial of the first version of a style of the stage's model."""
    training = styles.trainings.read(approved(styles))
    training = replace(training, model="craftspark-clipart-128")
    styles.start_trial(trial_of(training, share=20, duration=timedelta(hours=1), now=utc_now()))
    return training.training_id


def test_a_job_of_a_trial_is_pinned_and_counted_once(styles: StyleTable, on_trial: str) -> None:
    job_id = api.submit(style="sunny", count=3).body["job_id"]
    job = api.store(job_id, 0, 1)

    api.settle(job_id)
    api.settle(job_id)

    assert job.pin == Pin(style="sunny", version="v1", trial=on_trial)
    assert styles.tally(release(), "v1") == Tally(jobs=1, images=3, failed=1, render_s=0.5)


def test_cancelled_jobs_and_jobs_without_a_style_are_not_counted(styles: StyleTable, on_trial: str) -> None:
    cancelled = api.submit(style="sunny", count=1).body["job_id"]
    settlement(SETTLE).cancel("maker-1", cancelled)
    plain = api.submit(count=1).body["job_id"]
    api.store(plain, 0)
    api.settle(plain)

    assert styles.tally(release(), "v1") == Tally()


def test_a_canary_is_judged_by_the_jobs_that_were_settled(styles: StyleTable, on_trial: str) -> None:
    verdicts = [judge_canary.handler({"training_id": on_trial}, Context())["decision"]]
    for stored in ((0,), ()):
        job_id = api.submit(style="sunny", count=1).body["job_id"]
        api.store(job_id, *stored)
        api.settle(job_id)
        verdicts.append(judge_canary.handler({"training_id": on_trial}, Context())["decision"])

    assert verdicts == ["wait", "wait", "roll_back"]


def test_a_canary_whose_time_is_over_is_judged_without_jobs(styles: StyleTable) -> None:
    training = styles.trainings.read(approved(styles))
    styles.start_trial(trial_of(training, share=20, duration=timedelta(seconds=-1), now=utc_now()))

    answer = judge_canary.handler({"training_id": training.training_id}, Context())

    assert answer["decision"] == "promote"


def promoted(styles: StyleTable, version: str) -> None:
    training_id = approved(styles, version)
    register(training_id)
    settle(training_id, "promoted")


def roll_back(**asked: str) -> Any:
    return rollback_style.handler({"style": "sunny", "who": "ann", "why": "smudged", **asked}, Context())


def test_a_promoted_version_is_rolled_back_once(styles: StyleTable) -> None:
    for version in ("v1", "v2", "v3"):
        promoted(styles, version)

    first = roll_back(version="v2")
    again = roll_back(version="v2")

    assert first == {"style": "sunny", "stable": "v2", "was": "v3"}
    assert again == {"style": "sunny", "stable": "v2", "was": "v2"}
    assert (release().stable, release().earlier) == ("v2", ("v1",))
    assert release().pin("job", utc_now()) == Pin(style="sunny", version="v2")
    assert roll_back()["stable"] == "v1"
    with pytest.raises(InvalidInput, match="no version before v1"):
        roll_back()
    # A version that was rolled back was promoted before, so a roll back to it is allowed.
    assert roll_back(version="v3")["stable"] == "v3"
    assert roll_back()["stable"] == "v1"
    items = clients.dynamodb().scan(TableName=STYLES)["Items"]
    kept = [item for item in items if item["item"]["S"].startswith("rollback#")]
    assert {(item["from"]["S"], item["to"]["S"]) for item in kept} == {
        ("v3", "v2"),
        ("v2", "v1"),
        ("v1", "v3"),
        ("v3", "v1"),
    }
    assert {(item["who"]["S"], item["why"]["S"]) for item in kept} == {("ann", "smudged")}


def test_a_rollback_needs_a_promoted_version_and_no_trial(styles: StyleTable) -> None:
    promoted(styles, "v1")
    rejected = approved(styles, "v2")
    settle(rejected, "rejected")

    for version in ("v2", "v9"):
        with pytest.raises(VersionNotReleased, match=version):
            roll_back(version=version)
    with pytest.raises(StyleUnknown):
        roll_back(style="gloomy")
    with pytest.raises(InvalidInput):
        roll_back(why="")
    register(approved(styles, "v3"))
    with pytest.raises(CanaryRunning):
        roll_back()
    assert release().stable == "v1"


def test_a_trial_that_a_person_stops_is_rolled_back_and_not_failed(styles: StyleTable) -> None:
    training_id = approved(styles)
    register(training_id)
    end = {"training_id": training_id, "outcome": "failed", "error": "ExecutionEnded", "cause": "ABORTED"}

    assert settle_training.handler(end, Context())["state"] == "rolled_back"
    assert release().canary == ""


def test_a_canary_with_a_higher_loss_than_the_stable_version_is_rolled_back(
    styles: StyleTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(styles, "v1")
    worse = {"loss": 0.3, "loss_without": 1.0, "stable": "v1", "style_loss": 0.48, "style_loss_stable": 0.25}
    monkeypatch.setitem(TRAINED, "figures", worse)
    training_id = approved(styles, "v2")
    register(training_id)

    judgement = judge_canary.handler({"training_id": training_id}, Context())

    assert judgement["decision"] == "roll_back"
    assert "0.4800" in judgement["reason"]
