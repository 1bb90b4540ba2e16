"""Messages between the state machine `train-model`, its tasks and its functions, and the events about trainings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from craftspark.contracts import Contract, Event
from craftspark.styles.trainings import Training, TrainingState


@dataclass(frozen=True, kw_only=True)
class TrainingOrder(Contract):
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

    @classmethod
    def of(cls, training: Training, *, stable: str) -> Self:
        """The order of a new training."""
        request = training.request
        return cls(
            training_id=training.training_id,
            style=training.style,
            version=training.version,
            model=training.model,
            dataset=request["dataset"],
            steps=request["steps"],
            seed=request["seed"],
            stable=stable,
        )


@dataclass(frozen=True, kw_only=True)
class DatasetCheck(Contract):
    """The result of a task that checked a dataset."""

    pictures: int


@dataclass(frozen=True, kw_only=True)
class TrainingResult(Contract):
    """The result of a training task. `adapter` and `grid` are places in buckets.

    `figures` has at least `loss` and `loss_without`, of the same pictures and noise. Where the style has a stable
    version, `stable` names it, and `style_loss` and `style_loss_stable` compare the two.
    """

    figures: Mapping[str, Any]
    adapter: str
    grid: str


@dataclass(frozen=True, kw_only=True)
class ApprovalRequest(Contract):
    """The input of `ask_approval`: the training's result, and the token of the state that waits for a decision."""

    training_id: str
    task_token: str
    trained: TrainingResult


@dataclass(frozen=True, kw_only=True)
class ApprovalDecision(Contract):
    """What the waiting state gets: a person's decision."""

    decision: Literal["approve", "reject"]


@dataclass(frozen=True, kw_only=True)
class TrainingReference(Contract):
    """The input of `register_style` and `judge_canary`."""

    training_id: str


@dataclass(frozen=True, kw_only=True)
class Fault(Contract):
    """Why a state did not succeed."""

    error: str
    cause: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainingEnd(Contract):
    """The input of `settle_training`: the training's final state, and why it is not promoted if it is not."""

    training_id: str
    outcome: TrainingState
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainingSettled(Event):
    """A training has ended: what `settle_training` returns, and the event that the state machine sends."""

    source: ClassVar[str] = "craftspark.trainings"

    training_id: str
    style: str
    version: str
    state: TrainingState
    error: str
    cause: str

    @classmethod
    def of(cls, training: Training) -> Self:
        """The event of a training that is final."""
        return cls(
            training_id=training.training_id,
            style=training.style,
            version=training.version,
            state=training.state,
            error=training.error,
            cause=training.cause,
        )


@dataclass(frozen=True, kw_only=True)
class TrainingAwaitsApproval(Event):
    """A training waits for a person's decision. The token that waits stays in the table: an event approves nothing."""

    source: ClassVar[str] = "craftspark.trainings"

    training_id: str
    style: str
    version: str
    figures: Mapping[str, Any]
    grid: str

    @classmethod
    def of(cls, training: Training) -> Self:
        """The event of a training that waits."""
        return cls(
            training_id=training.training_id,
            style=training.style,
            version=training.version,
            figures=training.figures,
            grid=training.grid,
        )
