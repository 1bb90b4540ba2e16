"""Trainings in the trainings table: one item each, which every write changes conditionally."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import Item, moment, text, timestamp, to_plain_values
from craftspark.errors.styles import TrainingChanged, TrainingNotFound
from craftspark.styles.messages import ApprovalRequest
from craftspark.styles.trainings import Training, TrainingDecision, TrainingState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STATE = {"#state": "state"}


@dataclass(frozen=True, kw_only=True)
class TrainingTable:
    """Reads and writes trainings up to the approval. Later changes also change the style, see `StyleTable`."""

    client: DynamoDBClient
    table: str

    def open(self, training: Training) -> Training | None:
        try:
            self.client.put_item(
                TableName=self.table,
                Item=training_item(training),
                ConditionExpression="attribute_not_exists(training_id)",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return self.read(training.training_id)
        return None

    def read(self, training_id: str) -> Training:
        response = self.client.get_item(TableName=self.table, Key=training_key(training_id), ConsistentRead=True)
        if "Item" not in response:
            raise TrainingNotFound(f"there is no training {training_id}", field="training_id")
        return read_training(response["Item"])

    def await_approval(self, request: ApprovalRequest) -> Training:
        """Store the task token that waits for a decision, and the facts to decide on. Raises TrainingChanged.

        A later token replaces an earlier one, because each attempt of the state has its own token.
        """
        trained = request.trained
        self._update(
            request.training_id,
            "SET #state = :awaits, #token = :token, figures = :figures, adapter = :adapter, grid = :grid",
            "#state IN (:training, :awaits)",
            {"#token": "token"},
            {
                ":awaits": text(TrainingState.AWAITS_APPROVAL),
                ":training": text(TrainingState.TRAINING),
                ":token": text(request.task_token),
                ":figures": text(json.dumps(trained.figures)),
                ":adapter": text(trained.adapter),
                ":grid": text(trained.grid),
            },
        )
        return self.read(request.training_id)

    def decide(self, training: Training, decided: TrainingDecision) -> None:
        self._update(
            training.training_id,
            "SET decided = :decided",
            "#state = :awaits AND attribute_not_exists(decided)",
            {},
            {":decided": decision_value(decided), ":awaits": text(TrainingState.AWAITS_APPROVAL)},
        )

    def _update(self, training_id: str, update: str, condition: str, names: dict[str, str], values: Item) -> None:
        try:
            self.client.update_item(
                TableName=self.table,
                Key=training_key(training_id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={**STATE, **names},
                ExpressionAttributeValues=values,
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            raise TrainingChanged(f"training {training_id} changed") from None


def training_key(training_id: str) -> Item:
    return {"training_id": text(training_id), "item": text("training")}


def training_item(training: Training) -> Item:
    """The item of a new training."""
    return {
        **training_key(training.training_id),
        "style": text(training.style),
        "version": text(training.version),
        "model": text(training.model),
        "request": text(json.dumps(training.request)),
        "fingerprint": text(training.fingerprint),
        "created_at": text(timestamp(training.created_at)),
        "state": text(training.state),
    }


def decision_value(decided: TrainingDecision) -> dict[str, str]:
    return text(json.dumps({**asdict(decided), "at": timestamp(decided.at)}))


def read_training(item: Mapping[str, Any]) -> Training:
    plain = to_plain_values(item)
    decided = json.loads(plain["decided"]) if "decided" in plain else None
    return Training(
        style=plain["style"],
        version=plain["version"],
        model=plain["model"],
        request=json.loads(plain["request"]),
        fingerprint=plain["fingerprint"],
        created_at=datetime.fromisoformat(plain["created_at"]),
        state=TrainingState(plain["state"]),
        figures=json.loads(plain.get("figures", "{}")),
        adapter=plain.get("adapter", ""),
        grid=plain.get("grid", ""),
        token=plain.get("token", ""),
        decided=TrainingDecision(**{**decided, "at": datetime.fromisoformat(decided["at"])}) if decided else None,
        finished_at=moment(plain.get("finished_at")),
        error=plain.get("error", ""),
        cause=plain.get("cause", ""),
    )
