"""Starts of trainings: a request becomes a training and its execution."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.errors import InvalidInput
from craftspark.errors.styles import VersionTaken
from craftspark.models.capabilities import Need
from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.styles.messages import TrainingOrder
from craftspark.styles.requests import TrainingRequest
from craftspark.styles.trainings import Training, TrainingRecords, TrainingState

DATASETS = "datasets/"
LEARN = Need("learn", field="style", fix="use a stage whose training.model can")


class Releases(Protocol):
    """Where the versions of styles are looked up."""

    def stable(self, style: str) -> str:
        """The style's stable version; empty where it has none."""


class Starter(Protocol):
    """Starts executions, once each."""

    def start(self, name: str, order: str) -> None:
        """`order` is the execution's input, as JSON. Raises StartRefused."""


@dataclass(frozen=True, kw_only=True)
class Trainings:
    """Starts trainings for the stage's `model` on datasets of the stage's `bucket`."""

    records: TrainingRecords
    starter: Starter
    releases: Releases
    bucket: str
    model: Model
    now: Callable[[], datetime] = utc_now

    def start(self, body: str) -> Training:
        """Start the training, or return the one that the same request started before.

        Raises InvalidInput, also if the model cannot learn styles, VersionTaken for another request of the same
        version, or StartRefused.
        """
        request = parse_request(TrainingRequest, body)
        self.model.check_need(LEARN)
        folder = f"s3://{self.bucket}/{DATASETS}"
        if not request.dataset.startswith(folder) or ".." in request.dataset:
            raise InvalidInput(f"the dataset must be in {folder}, not at {request.dataset}", field="dataset")
        training = Training(
            style=request.style,
            version=request.version,
            model=self.model.name,
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
            self.starter.start(training.training_id, order.to_text())
        return training
