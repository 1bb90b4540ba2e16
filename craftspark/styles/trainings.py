"""Trainings: a style is trained, approved by a person, put on trial, and promoted or not.

Every training ends in one of four final states, and a final state never changes.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from craftspark.clock import utc_now
from craftspark.errors import InvalidInput
from craftspark.errors.styles import AlreadyDecided, TrainingChanged, TrainingNotAwaiting, VersionTaken
from craftspark.parsing import PROSE, WORDS, parse_request
from craftspark.tools.request import MAX_SEED

# The source of the events about trainings.
SOURCE = "craftspark.trainings"
DATASETS = "datasets/"
STYLE_NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
VERSION_NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), PROSE, WORDS]


class TrainingState(StrEnum):
    """Training and awaiting approval, then possibly on trial as a canary; then final."""

    TRAINING = "training"
    AWAITS_APPROVAL = "awaits_approval"
    CANARY = "canary"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (
            TrainingState.PROMOTED,
            TrainingState.ROLLED_BACK,
            TrainingState.REJECTED,
            TrainingState.FAILED,
        )


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TrainingRequest(_Strict):
    """Train a version of a style on a dataset in the training bucket. `who` is the person who requests it."""

    style: str = Field(pattern=STYLE_NAME, max_length=40)
    version: str = Field(pattern=VERSION_NAME)
    dataset: str = Field(pattern=r"^s3://[a-z0-9.-]{3,63}/[A-Za-z0-9_./-]+$", max_length=500)
    who: Words
    steps: int | None = Field(None, ge=1, le=20_000)
    seed: int = Field(0, ge=0, le=MAX_SEED)


class RollbackRequest(_Strict):
    """Make an earlier version of a style the stable one: `version`, or the previous one."""

    style: str = Field(pattern=STYLE_NAME, max_length=40)
    version: str | None = Field(None, pattern=VERSION_NAME)
    who: Words
    why: Words


class DecisionRequest(_Strict):
    """A person's decision on a training, and its reason."""

    training_id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    decision: Literal["approve", "reject"]
    who: Words
    why: Words


@dataclass(frozen=True, kw_only=True)
class PersonsDecision:
    """Who decided what, when and why."""

    decision: str
    who: str
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training. `figures` and the addresses of adapter and grid exist once it is trained."""

    style: str
    version: str
    model: str
    request: Mapping[str, Any]
    fingerprint: str
    created_at: datetime
    state: TrainingState = TrainingState.TRAINING
    figures: Mapping[str, Any] = field(default_factory=dict)
    adapter: str = ""
    grid: str = ""
    token: str = ""
    decided: PersonsDecision | None = None
    finished_at: datetime | None = None
    error: str = ""
    cause: str = ""

    @property
    def training_id(self) -> str:
        return training_id_of(self.style, self.version)


def training_id_of(style: str, version: str) -> str:
    """The id of a training. Names cannot contain a dot, so ids of versions are unique."""
    return f"{style}.{version}"


def adapter_prefix(style: str, version: str) -> str:
    """The key prefix of a version's adapter in the models bucket."""
    return f"styles/{style}/{version}"


def run_prefix(training_id: str) -> str:
    """The key prefix of a run's checkpoints, progress and grid in the training bucket."""
    return f"runs/{training_id}"


@dataclass(frozen=True, kw_only=True)
class TrainingOrder:
    """The input of a training's execution and tasks: ids and numbers, no text from a person.

    `steps` is None for the recipe's default. `stable` is the version to compare with, or empty.
    """

    training_id: str
    style: str
    version: str
    model: str
    dataset: str
    steps: int | None
    seed: int
    stable: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, training: Training, *, stable: str) -> Self:
        asked = training.request
        return cls(
            training_id=training.training_id,
            style=training.style,
            version=training.version,
            model=training.model,
            dataset=asked["dataset"],
            steps=asked["steps"],
            seed=asked["seed"],
            stable=stable,
        )


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """The result of a training. `figures` has at least `loss` and `loss_without`, for the same pictures and noise.

    If the style has a stable version, `stable` names it, and `style_loss` and `style_loss_stable` compare the two
    versions. `adapter` and `grid` are addresses in buckets.
    """

    figures: Mapping[str, Any]
    adapter: str
    grid: str

    def to_json(self) -> dict[str, Any]:
        return {"figures": dict(self.figures), "adapter": self.adapter, "grid": self.grid}


class TrainingRecords(Protocol):
    """Stores trainings. Every change is conditional on the state that was read."""

    def open(self, training: Training) -> Training | None:
        """Write a new training. Returns the existing one, and writes nothing, if there is one."""

    def read(self, training_id: str) -> Training:
        """Raises TrainingNotFound."""

    def decide(self, training: Training, decided: PersonsDecision) -> None:
        """Record the decision. Raises TrainingChanged if the training does not wait for one."""


class Releases(Protocol):
    """Looks up the versions of styles."""

    def stable(self, style: str) -> str:
        """The style's stable version, or empty if there is none."""


class Starter(Protocol):
    """Starts the training's execution, once."""

    def begin(self, name: str, order: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Trainings:
    """Starts trainings of the stage's `model` on datasets in the stage's `bucket`."""

    records: TrainingRecords
    starter: Starter
    releases: Releases
    bucket: str
    model: str
    now: Callable[[], datetime] = utc_now

    def start(self, body: str) -> Training:
        """Start the training, or return the one that the same request started.

        Raises InvalidInput, or VersionTaken for another request of the same version.
        """
        request = parse_request(TrainingRequest, body)
        folder = f"s3://{self.bucket}/{DATASETS}"
        if not request.dataset.startswith(folder) or ".." in request.dataset:
            raise InvalidInput(f"the dataset must be in {folder}, not at {request.dataset}", field="dataset")
        training = Training(
            style=request.style,
            version=request.version,
            model=self.model,
            request=request.model_dump(),
            fingerprint=hashlib.sha256(request.model_dump_json(exclude={"who"}).encode()).hexdigest(),
            created_at=self.now(),
        )
        if existing := self.records.open(training):
            if existing.fingerprint != training.fingerprint:
                raise VersionTaken(
                    f"{training.training_id} was started with a different request; choose another version",
                    field="version",
                )
            training = existing
        if training.state is TrainingState.TRAINING:
            order = TrainingOrder.of(training, stable=self.releases.stable(training.style))
            self.starter.begin(training.training_id, order.to_json())
        return training


class Waiter(Protocol):
    """A state machine that waits with a task token."""

    def answer(self, token: str, result: Mapping[str, Any]) -> bool:
        """Send the result; returns whether the state machine still waited."""


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """People's decisions on trainings."""

    records: TrainingRecords
    waiter: Waiter
    now: Callable[[], datetime] = utc_now

    def decide(self, body: str) -> Training:
        """Record a decision once. Repeating the same decision sends the result again if it was lost.

        Raises InvalidInput, TrainingNotFound, TrainingNotAwaiting, or AlreadyDecided for a different decision.
        """
        request = parse_request(DecisionRequest, body)
        training = self.records.read(request.training_id)
        first = training.decided is None
        if training.decided is None:
            if training.state is not TrainingState.AWAITS_APPROVAL:
                raise TrainingNotAwaiting(
                    f"{training.training_id} does not wait for a decision: its state is {training.state}",
                    field="training_id",
                )
            decided = PersonsDecision(decision=request.decision, who=request.who, why=request.why, at=self.now())
            try:
                self.records.decide(training, decided)
            except TrainingChanged:
                first = False
            training = self.records.read(request.training_id)
        if training.decided is None:
            raise TrainingNotAwaiting(f"{training.training_id} no longer waits for a decision", field="training_id")
        if training.decided.decision != request.decision:
            raise AlreadyDecided(
                f"{training.decided.who} has already decided to {training.decided.decision} {training.training_id}",
                field="decision",
            )
        heard = self.waiter.answer(training.token, {"decision": request.decision})
        if first and not heard:
            raise TrainingNotAwaiting(
                f"{training.training_id} no longer waits with this token; if it asks again, decide again",
                field="training_id",
            )
        return training
