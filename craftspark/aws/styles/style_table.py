"""Releases of styles, changed in one transaction with their trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from craftspark.aws import clients
from craftspark.aws.items import Item, epoch, number, text, timestamp
from craftspark.aws.styles.releases import read_style, style_key
from craftspark.aws.styles.training_table import STATE, TrainingTable, training_key
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.clock import utc_now
from craftspark.errors.styles import CanaryGone, CanaryRunning, ReleaseChanged, TrainingChanged
from craftspark.settings.styles import StyleSettings
from craftspark.styles.releases import Release, Tally
from craftspark.styles.trainings import Training, TrainingState
from craftspark.styles.trials import Trial, Trials

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class StyleTable:
    """See craftspark.styles.trials.StyleRecords. A release changes in one transaction with its training."""

    client: DynamoDBClient
    table: str
    trainings: TrainingTable

    def training(self, training_id: str) -> Training:
        return self.trainings.read(training_id)

    def release(self, style: str) -> Release:
        return read_style(self.client, self.table, style)

    def start_trial(self, trial: Trial) -> None:
        training = trial.training
        begin = {
            "TableName": self.table,
            "Key": style_key(training.style),
            "UpdateExpression": "SET canary = :version, #share = :share, trial = :trial, canary_until = :until,"
            " #model = :model",
            "ConditionExpression": "attribute_not_exists(canary)",
            "ExpressionAttributeNames": {"#share": "share", "#model": "model"},
            "ExpressionAttributeValues": {
                ":version": text(training.version),
                ":share": number(trial.share),
                ":trial": text(training.training_id),
                ":until": epoch(trial.until),
                ":model": text(training.model),
            },
        }
        version = {
            "TableName": self.table,
            "Item": {
                **style_key(training.style, f"version#{training.version}"),
                "training_id": text(training.training_id),
                "model": text(training.model),
                "adapter": text(training.adapter),
                "registered_at": text(timestamp(trial.started_at)),
            },
            "ConditionExpression": "attribute_not_exists(#style)",
            "ExpressionAttributeNames": {"#style": "style"},
        }
        try:
            transact(
                self.client,
                [
                    self._change_of(training, "SET #state = :next", {":next": text(TrainingState.CANARY)}),
                    {"Update": begin},
                    {"Put": version},
                ],
            )
        except ConditionsFailed as failed:
            if failed.items[0] is None and failed.items[1] is not None:
                raise CanaryRunning(f"the style {training.style} has another version on trial") from None
            raise TrainingChanged(f"training {training.training_id} changed") from None

    def tally(self, release: Release, version: str) -> Tally:
        total = Tally()
        response = self.client.query(
            TableName=self.table,
            KeyConditionExpression="#style = :style AND begins_with(#item, :tally)",
            ExpressionAttributeNames={"#style": "style", "#item": "item"},
            ExpressionAttributeValues={
                ":style": text(release.style),
                ":tally": text(f"trial#{release.trial}#{version}#"),
            },
            ConsistentRead=True,
        )
        for item in response["Items"]:
            total = Tally(
                jobs=total.jobs + int(item["jobs"]["N"]),
                images=total.images + int(item["images"]["N"]),
                failed=total.failed + int(item["failed"]["N"]),
                render_s=total.render_s + float(item["render_s"]["N"]),
            )
        return total

    def end(self, training: Training, ended: Training, promoted: Release | None, *, at: datetime) -> None:
        values = {
            ":next": text(ended.state),
            ":finished_at": text(timestamp(at)),
            ":error": text(ended.error),
            ":cause": text(ended.cause),
        }
        update = "SET #state = :next, finished_at = :finished_at, #error = :error, #cause = :cause REMOVE #token"
        names = {"#error": "error", "#cause": "cause", "#token": "token"}
        writes = [self._change_of(training, update, values, names)]
        if training.state is TrainingState.CANARY:
            writes.append(self._end_of_trial(training, promoted))
        try:
            transact(self.client, writes)
        except ConditionsFailed as failed:
            if failed.items[0] is None:
                raise CanaryGone(f"{training.training_id} is not on trial any more") from None
            raise TrainingChanged(f"training {training.training_id} changed") from None

    def replace_stable(self, release: Release, back: Release, *, who: str, why: str) -> None:
        now = timestamp(utc_now())
        change = {
            "TableName": self.table,
            "Key": style_key(release.style),
            "UpdateExpression": "SET stable = :stable, earlier = :earlier",
            "ConditionExpression": "stable = :was AND attribute_not_exists(canary)",
            "ExpressionAttributeValues": {
                ":stable": text(back.stable),
                ":earlier": versions(back.earlier),
                ":was": text(release.stable),
            },
        }
        record = {
            "TableName": self.table,
            "Item": {
                **style_key(release.style, f"rollback#{now}"),
                "from": text(release.stable),
                "to": text(back.stable),
                "who": text(who),
                "why": text(why),
            },
        }
        try:
            transact(self.client, [{"Update": change}, {"Put": record}])
        except ConditionsFailed:
            raise ReleaseChanged(f"the release of {release.style} changed at the same moment; ask again") from None

    def _change_of(
        self, training: Training, update: str, values: Item, names: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        change = {
            "TableName": self.trainings.table,
            "Key": training_key(training.training_id),
            "UpdateExpression": update,
            "ConditionExpression": "#state = :before",
            "ExpressionAttributeNames": {**STATE, **(names or {})},
            "ExpressionAttributeValues": {**values, ":before": text(training.state)},
        }
        return {"Update": change}

    def _end_of_trial(self, training: Training, promoted: Release | None) -> dict[str, Any]:
        change: dict[str, Any] = {
            "TableName": self.table,
            "Key": style_key(training.style),
            "UpdateExpression": "REMOVE canary, #share, trial, canary_until",
            "ConditionExpression": "canary = :version AND trial = :trial",
            "ExpressionAttributeNames": {"#share": "share"},
            "ExpressionAttributeValues": {
                ":version": text(training.version),
                ":trial": text(training.training_id),
            },
        }
        if promoted:
            change["UpdateExpression"] = f"SET stable = :version, earlier = :earlier {change['UpdateExpression']}"
            change["ExpressionAttributeValues"][":earlier"] = versions(promoted.earlier)
        return {"Update": change}


def versions(names: Sequence[str]) -> dict[str, Any]:
    return {"L": [text(name) for name in names]}


def style_table(settings: StyleSettings) -> StyleTable:
    """The tables in the settings."""
    trainings = TrainingTable(client=clients.dynamodb(), table=settings.trainings_table)
    return StyleTable(client=clients.dynamodb(), table=settings.styles_table, trainings=trainings)


def trials(settings: StyleSettings) -> Trials:
    """Trials on the tables in the settings."""
    return Trials(records=style_table(settings))
