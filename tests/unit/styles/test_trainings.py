import json
from dataclasses import replace
from typing import Any

import pytest

from craftspark.contracts import Contract
from craftspark.errors import InvalidInput
from craftspark.errors.styles import (
    AlreadyDecided,
    TrainingChanged,
    TrainingNotAwaiting,
    TrainingNotFound,
    VersionTaken,
)
from craftspark.models.catalogue import find_model
from craftspark.styles.approvals import Approvals
from craftspark.styles.messages import ApprovalDecision, TrainingOrder
from craftspark.styles.starting import Trainings
from craftspark.styles.trainings import Training, TrainingDecision, TrainingState
from tests.fakes import NOON


class FakeTrainingRecords:
    def __init__(self) -> None:
        self.trainings: dict[str, Training] = {}
        self.decided_elsewhere: TrainingDecision | None = None

    def open(self, training: Training) -> Training | None:
        existing = self.trainings.get(training.training_id)
        self.trainings.setdefault(training.training_id, training)
        return existing

    def read(self, training_id: str) -> Training:
        try:
            return self.trainings[training_id]
        except KeyError:
            raise TrainingNotFound("none") from None

    def decide(self, training: Training, decided: TrainingDecision) -> None:
        winner = self.decided_elsewhere or decided
        self.trainings[training.training_id] = replace(training, decided=winner)
        if self.decided_elsewhere:
            raise TrainingChanged("somebody was faster")

    def put(self, training_id: str, **changes: Any) -> None:
        self.trainings[training_id] = replace(self.trainings[training_id], **changes)


class FakeReleases:
    def stable(self, style: str) -> str:
        return {"sunny": "v0"}.get(style, "")


class FakeStarter:
    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []

    def start(self, name: str, order: str) -> None:
        self.begun.append((name, order))


class FakePausedWorkflows:
    def __init__(self, *, waits: bool = True) -> None:
        self.waits = waits
        self.results: list[tuple[str, Contract]] = []

    def resume(self, token: str, result: Contract) -> bool:
        self.results.append((token, result))
        return self.waits


REQUEST = {"style": "sunny", "version": "v1", "dataset": "s3://training/datasets/sunny", "who": "ann", "steps": 50}


def a_service(model: str = "craftspark-clipart-128") -> tuple[Trainings, FakeTrainingRecords, FakeStarter]:
    records, starter = FakeTrainingRecords(), FakeStarter()
    service = Trainings(
        records=records,
        starter=starter,
        releases=FakeReleases(),
        bucket="training",
        model=find_model(model),
        now=lambda: NOON,
    )
    return service, records, starter


def start(service: Trainings, **changes: Any) -> Training:
    return service.start(json.dumps({**REQUEST, **changes}))


def test_a_training_is_stored_and_started_under_its_name() -> None:
    service, records, starter = a_service()

    training = start(service)

    assert records.trainings["sunny.v1"].state is TrainingState.TRAINING
    [(name, order)] = starter.begun
    assert name == training.training_id == "sunny.v1"
    assert TrainingOrder.parse(order).dataset == REQUEST["dataset"]
    assert TrainingOrder.parse(order).stable == FakeReleases().stable(str(REQUEST["style"]))
    assert "ann" not in order


def test_a_model_that_cannot_learn_styles_is_rejected_with_the_field_before_anything_is_stored() -> None:
    service, records, starter = a_service("sdxl-inpainting")

    with pytest.raises(InvalidInput, match="sdxl-inpainting cannot learn styles") as refused:
        start(service)

    assert refused.value.field == "style"
    assert not records.trainings
    assert not starter.begun


def test_a_repeated_request_starts_a_training_whose_start_was_lost() -> None:
    service, _, starter = a_service()
    start(service)

    start(service, who="bob")

    assert len(starter.begun) == 2


def test_a_started_training_is_not_started_again() -> None:
    service, records, starter = a_service()
    start(service)
    records.put("sunny.v1", state=TrainingState.REJECTED)

    assert start(service).state is TrainingState.REJECTED
    assert len(starter.begun) == 1


def test_a_different_request_cannot_use_the_same_version() -> None:
    service, _, _ = a_service()
    start(service)

    with pytest.raises(VersionTaken):
        start(service, steps=51)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dataset", "s3://other/datasets/sunny"),
        ("dataset", "s3://training/runs/sunny.v1"),
        ("dataset", "s3://training/datasets/../runs"),
        ("dataset", "/etc"),
        ("style", "Sunny Days"),
        ("style", "../x"),
        ("version", "v1/../../x"),
        ("steps", 0),
        ("who", " "),
    ],
)
def test_an_invalid_request_is_rejected_with_its_field(field: str, value: object) -> None:
    service, records, _ = a_service()

    with pytest.raises(InvalidInput) as refused:
        start(service, **{field: value})
    assert refused.value.field == field
    assert not records.trainings


def an_approval(**changes: Any) -> tuple[Approvals, FakeTrainingRecords, FakePausedWorkflows]:
    service, records, _ = a_service()
    start(service)
    records.put("sunny.v1", **{"state": TrainingState.AWAITS_APPROVAL, "token": "token", **changes})
    workflows = FakePausedWorkflows()
    return Approvals(records=records, workflows=workflows, now=lambda: NOON), records, workflows


def decide(approvals: Approvals, decision: str = "approve", **changes: Any) -> Training:
    request = {"training_id": "sunny.v1", "decision": decision, "who": "ann", "why": "clean lines"}
    return approvals.decide(json.dumps({**request, **changes}))


def test_a_decision_is_stored_with_who_and_why_and_resumes_the_execution() -> None:
    approvals, records, workflows = an_approval()

    decide(approvals)

    assert records.trainings["sunny.v1"].decided == TrainingDecision(
        decision="approve", who="ann", why="clean lines", at=NOON
    )
    assert workflows.results == [("token", ApprovalDecision(decision="approve"))]


def test_a_repeated_decision_resumes_an_execution_whose_resumption_was_lost() -> None:
    approvals, records, workflows = an_approval()
    decide(approvals)

    decide(approvals, who="bob")

    assert len(workflows.results) == 2
    decided = records.trainings["sunny.v1"].decided
    assert decided
    assert decided.who == "ann"


def test_a_different_decision_is_rejected() -> None:
    approvals, _, workflows = an_approval()
    decide(approvals)

    with pytest.raises(AlreadyDecided, match="ann has already decided to approve"):
        decide(approvals, "reject")
    assert len(workflows.results) == 1


def test_the_second_of_two_concurrent_decisions_is_rejected() -> None:
    approvals, records, workflows = an_approval()
    records.decided_elsewhere = TrainingDecision(decision="reject", who="bob", why="smudged", at=NOON)

    with pytest.raises(AlreadyDecided, match="bob"):
        decide(approvals)
    assert workflows.results == []


@pytest.mark.parametrize("state", [TrainingState.TRAINING, TrainingState.FAILED])
def test_a_training_that_does_not_wait_cannot_be_decided(state: TrainingState) -> None:
    approvals, records, _ = an_approval(state=state)

    with pytest.raises(TrainingNotAwaiting):
        decide(approvals)
    assert records.trainings["sunny.v1"].decided is None


def test_a_decision_for_an_ended_wait_is_rejected() -> None:
    approvals, _, workflows = an_approval()
    workflows.waits = False

    with pytest.raises(TrainingNotAwaiting, match="no longer"):
        decide(approvals)


def test_a_decision_needs_a_reason() -> None:
    approvals, _, _ = an_approval()

    with pytest.raises(InvalidInput) as refused:
        decide(approvals, why="")
    assert refused.value.field == "why"
