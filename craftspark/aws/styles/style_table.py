"""Releases of styles, changed in one transaction with their trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from craftspark.aws import clients
from craftspark.aws.items import Item, epoch, number, text, timestamp
from craftspark.aws.styles.releases import read_style, style_key
from craftspark.aws.styles.training_table import STATE, TrainingTable, training_key
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.clock import utc_now
from craftspark.errors.styles import (
    CanaryGone,
    CanaryRunning,
    NotApproved,
    ReleaseChanged,
    TrainingChanged,
    TrainingNotFound,
    VersionNotReleased,
)
from craftspark.settings.styles import StyleSettings
from craftspark.styles.releases import Release, Tally
from craftspark.styles.trainings import Training, TrainingState, training_id_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AFTER_TRIAL = (TrainingState.PROMOTED, TrainingState.ROLLED_BACK)


@dataclass(frozen=True, kw_only=True)
class StyleTable:
    """Reads releases and tallies, and changes a release in one transaction with its training."""

    client: DynamoDBClient
    table: str
    trainings: TrainingTable

    def trial_of(self, training: Training) -> Release:
        """The style's release, which has the training's version on trial. Raises CanaryGone if it has not."""
        release = read_style(self.client, self.table, training.style)
        if release.trial != training.training_id:
            raise CanaryGone(f"{training.training_id} is not on trial any more")
        return release

    def register(self, training: Training, *, share: int, trial_time: timedelta) -> Training:
        """Make an approved training's version the style's canary; a second time changes nothing.

        Raises NotApproved, CanaryRunning where another version is on trial, or TrainingChanged.
        """
        if training.state is TrainingState.CANARY:
            return training
        if training.decided is None or training.decided.decision != "approve":
            raise NotApproved(f"nobody has approved {training.training_id}")
        now = utc_now()
        begin = {
            "TableName": self.table,
            "Key": style_key(training.style),
            "UpdateExpression": "SET canary = :version, #share = :share, trial = :trial, canary_until = :until,"
            " #model = :model",
            "ConditionExpression": "attribute_not_exists(canary)",
            "ExpressionAttributeNames": {"#share": "share", "#model": "model"},
            "ExpressionAttributeValues": {
                ":version": text(training.version),
                ":share": number(share),
                ":trial": text(training.training_id),
                ":until": epoch(now + trial_time),
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
                "registered_at": text(timestamp(now)),
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
        return replace(training, state=TrainingState.CANARY)

    def tally(self, release: Release, version: str) -> Tally:
        """The results of a version's jobs in the release's trial so far."""
        total = Tally()
        answer = self.client.query(
            TableName=self.table,
            KeyConditionExpression="#style = :style AND begins_with(#item, :tally)",
            ExpressionAttributeNames={"#style": "style", "#item": "item"},
            ExpressionAttributeValues={
                ":style": text(release.style),
                ":tally": text(f"trial#{release.trial}#{version}#"),
            },
            ConsistentRead=True,
        )
        for item in answer["Items"]:
            total = Tally(
                jobs=total.jobs + int(item["jobs"]["N"]),
                images=total.images + int(item["images"]["N"]),
                failed=total.failed + int(item["failed"]["N"]),
                render_s=total.render_s + float(item["render_s"]["N"]),
            )
        return total

    def end(self, training: Training, outcome: TrainingState, *, error: str, cause: str) -> Training:
        """Make the training final, and its canary the stable version or nothing; raises TrainingChanged, CanaryGone."""
        if outcome in AFTER_TRIAL and training.state is not TrainingState.CANARY:
            raise CanaryGone(f"{training.training_id} was never on trial: it is {training.state}")
        now = utc_now()
        values = {
            ":next": text(outcome),
            ":finished_at": text(timestamp(now)),
            ":error": text(error),
            ":cause": text(cause),
        }
        update = "SET #state = :next, finished_at = :finished_at, #error = :error, #cause = :cause REMOVE #token"
        names = {"#error": "error", "#cause": "cause", "#token": "token"}
        writes = [self._change_of(training, update, values, names)]
        if training.state is TrainingState.CANARY:
            writes.append(self._end_of_trial(training, outcome is TrainingState.PROMOTED))
        try:
            transact(self.client, writes)
        except ConditionsFailed as failed:
            if failed.items[0] is None:
                raise CanaryGone(f"{training.training_id} is not on trial any more") from None
            raise TrainingChanged(f"training {training.training_id} changed") from None
        return replace(training, state=outcome, finished_at=now, error=error, cause=cause, token="")

    def roll_back(self, style: str, version: str | None, *, who: str, why: str) -> tuple[Release, Release]:
        """Make an earlier version stable and record who asked for it; returns the release before and after.

        Nothing changes if that version is stable already. Raises StyleUnknown, CanaryRunning, InvalidInput,
        VersionNotReleased for a version that was never promoted, or ReleaseChanged.
        """
        release = read_style(self.client, self.table, style)
        back = release.roll_back(version)
        if back.stable == release.stable:
            return release, release
        if not self._was_promoted(style, back.stable):
            raise VersionNotReleased(f"{style} has no version {back.stable} that was ever promoted", field="version")
        now = timestamp(utc_now())
        change = {
            "TableName": self.table,
            "Key": style_key(style),
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
                **style_key(style, f"rollback#{now}"),
                "from": text(release.stable),
                "to": text(back.stable),
                "who": text(who),
                "why": text(why),
            },
        }
        try:
            transact(self.client, [{"Update": change}, {"Put": record}])
        except ConditionsFailed:
            raise ReleaseChanged(f"the release of {style} changed at the same moment; ask again") from None
        return release, back

    def _was_promoted(self, style: str, version: str) -> bool:
        try:
            return self.trainings.read(training_id_of(style, version)).state is TrainingState.PROMOTED
        except TrainingNotFound:
            return False

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

    def _end_of_trial(self, training: Training, promoted: bool) -> dict[str, Any]:
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
            # Nothing but the end of this trial changes what is stable while it lasts.
            release = read_style(self.client, self.table, training.style).promote(training.version)
            change["UpdateExpression"] = f"SET stable = :version, earlier = :earlier {change['UpdateExpression']}"
            change["ExpressionAttributeValues"][":earlier"] = versions(release.earlier)
        return {"Update": change}


def versions(names: Sequence[str]) -> dict[str, Any]:
    return {"L": [text(name) for name in names]}


def style_table(settings: StyleSettings) -> StyleTable:
    """The tables in the settings."""
    trainings = TrainingTable(client=clients.dynamodb(), table=settings.trainings_table)
    return StyleTable(client=clients.dynamodb(), table=settings.styles_table, trainings=trainings)
