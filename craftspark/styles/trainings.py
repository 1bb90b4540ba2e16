"""Trainings: a style is trained, approved by a person, put on trial, and promoted or not.

Every training ends in one of four final states, and a final state never changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


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


@dataclass(frozen=True, kw_only=True)
class TrainingDecision:
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
    decided: TrainingDecision | None = None
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


class TrainingRecords(Protocol):
    """Stores trainings. Every change is conditional on the state that was read."""

    def open(self, training: Training) -> Training | None:
        """Write a new training. Returns the existing one, and writes nothing, if there is one."""

    def read(self, training_id: str) -> Training:
        """Raises TrainingNotFound."""

    def decide(self, training: Training, decided: TrainingDecision) -> None:
        """Raises TrainingChanged where it does not wait for a decision any more."""
