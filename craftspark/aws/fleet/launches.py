"""Grants of launches, in one item of the jobs table, in the partition of the record of decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from craftspark.aws.fleet.record import LAUNCHES_KEY, RECORD_KEY, RecordTable, version_condition
from craftspark.aws.items import number, text
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.contracts import ContractBroken
from craftspark.errors import Contended
from craftspark.fleet.controller.launches import Grants, LastDecision

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class LaunchTable:
    """The grants of a stage."""

    client: DynamoDBClient
    jobs_table: str

    def read(self) -> tuple[LastDecision, Grants]:
        """The record of the last decision, and the grants. The grants are read first: the record that follows may be
        newer, and has seen all of them then.
        """
        grants = self.read_grants()
        record = RecordTable(client=self.client, jobs_table=self.jobs_table).read()
        return LastDecision(version=record.version, pools=record.memory.pools, launched=record.launched), grants

    def read_grants(self) -> Grants:
        """The grants. None of them, if there is no item or its content cannot be read."""
        found = self.client.get_item(TableName=self.jobs_table, Key=LAUNCHES_KEY, ConsistentRead=True).get("Item")
        if not found:
            return Grants()
        try:
            return Grants.parse(found["grants"]["S"])
        except ContractBroken:
            return Grants(version=int(found["version"]["N"]))

    def write(self, grants: Grants, *, decision: int) -> bool:
        """See craftspark.fleet.controller.launches.LaunchRecords."""
        item = {**LAUNCHES_KEY, "version": number(grants.version), "grants": text(grants.to_text())}
        put = {"TableName": self.jobs_table, "Item": item, **version_condition(grants.version - 1)}
        check = {"TableName": self.jobs_table, "Key": RECORD_KEY, **version_condition(decision)}
        try:
            transact(self.client, [{"Put": put}, {"ConditionCheck": check}])
        except (ConditionsFailed, Contended):
            return False
        return True
