"""The record of the last decision: one item for the fleet, with a version, and one item for each pool.

A pool's item is in the partition that submissions read for their estimates, so they see the supply at no further cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from craftspark.aws.items import Item, job_key, number, text
from craftspark.aws.jobs.speed import FLEET, SUPPLY, partition
from craftspark.aws.transactions import ConditionsFailed, transact
from craftspark.contracts import ContractBroken
from craftspark.errors import Contended
from craftspark.fleet.controller.run import Record, Superseded
from craftspark.fleet.decisions import Decision, PoolDecision
from craftspark.fleet.supply import PoolSupply

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The partition is never a job id, because ids have no colon.
STAGE = "fleet:stage"
RECORD_KEY = job_key(STAGE, "record")
# The grants of launches.
LAUNCHES_KEY = job_key(STAGE, "launches")
DECISION = "decision"
# After a longer stop, what the record says about demand is of no use.
KEPT_S = 60 * 86_400


@dataclass(frozen=True, kw_only=True)
class RecordTable:
    """The record in the jobs table."""

    client: DynamoDBClient
    jobs_table: str

    def read(self) -> Record:
        """The record. It is empty before the first decision, and if its content cannot be read: an older version of the
        policy may have written it, and the next decisions fill it again.
        """
        found = self.client.get_item(TableName=self.jobs_table, Key=RECORD_KEY, ConsistentRead=True).get("Item")
        if not found:
            return Record()
        try:
            return Record.parse(found["record"]["S"])
        except ContractBroken:
            return Record(version=int(found["version"]["N"]))

    def write(self, record: Record, decision: Decision, *, grants: int) -> None:
        """Write all items in one transaction. Raises Superseded if the version does not follow the present one, or if
        the grants of launches have another version than `grants`.

        A pool without a supply keeps its item: its time shows its readers how old that is.
        """
        expires_at = number(int(decision.at) + KEPT_S)
        put = {
            "TableName": self.jobs_table,
            "Item": {
                **RECORD_KEY,
                "version": number(record.version),
                "record": text(record.to_text()),
                "expires_at": expires_at,
            },
            **version_condition(record.version - 1),
        }
        check = {"TableName": self.jobs_table, "Key": LAUNCHES_KEY, **version_condition(grants)}
        pools = [
            {"Put": {"TableName": self.jobs_table, "Item": _pool_item(name, decided, decided.supply, expires_at)}}
            for name, decided in decision.pools.items()
            if decided.supply
        ]
        try:
            transact(self.client, [{"Put": put}, {"ConditionCheck": check}, *pools])
        except (ConditionsFailed, Contended) as failed:
            raise Superseded from failed


def version_condition(version: int) -> dict[str, Any]:
    """The condition that an item has this version, or that there is none for 0."""
    if not version:
        return {"ConditionExpression": "attribute_not_exists(version)"}
    return {"ConditionExpression": "version = :version", "ExpressionAttributeValues": {":version": number(version)}}


def _pool_item(pool: str, decided: PoolDecision, supply: PoolSupply, expires_at: dict[str, str]) -> Item:
    return {
        **job_key(partition(pool), FLEET),
        SUPPLY: text(supply.to_text()),
        DECISION: text(replace(decided, supply=None).to_text()),
        "expires_at": expires_at,
    }
