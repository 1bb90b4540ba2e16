"""The read and write units that tables, indexes and each of their partition keys take per second."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ministack.services import dynamodb

from local_cloud.emulator.quotas.token_buckets import TokenBuckets
from local_cloud.emulator.tables.item_requests import Answer, Named

Kind = Literal["Read", "Write"]

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
OF_A_PARTITION = {"Read": 3_000, "Write": 1_000}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial
OF_A_NEW_TABLE = {"Read": 12_000, "Write": 4_000}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
PROVISIONED_BURST_S = 300
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024

HOT = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or "
    "index so please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
SLOW = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning "
    "level with the UpdateTable API."
)

BUCKETS = TokenBuckets()


@dataclass(frozen=True)
class Range:
    """The part of a table, or of an index, that has one partition key."""

    table: Mapping[str, Any]
    partition: str
    index: str = ""

    @property
    def resource(self) -> str:
        arn = str(self.table["TableArn"])
        return f"{arn}/index/{self.index}" if self.index else arn


@dataclass(frozen=True)
class Throttle:
    """Why a request is refused."""

    code: Literal["ThrottlingException", "ProvisionedThroughputExceededException"]
    message: str
    reason: str
    resource: str

    @property
    def body(self) -> dict[str, Any]:
        reasons = [{"reason": self.reason, "resource": self.resource}]
        # The two errors spell it differently.
        field = "throttlingReasons" if self.code == "ThrottlingException" else "ThrottlingReasons"
        return {"__type": self.code, "message": self.message, field: reasons}

    @property
    def cancellation(self) -> dict[str, Any]:
        """As a reason why a transaction is cancelled."""
        of_transaction = {"ThrottlingException": "ThrottlingError"}
        return {"Code": of_transaction.get(self.code, "ProvisionedThroughputExceeded"), "Message": self.message}


def find_throttle(kind: Kind, ranges: Iterable[Range]) -> Throttle | None:
    """Why a request for these ranges is refused, or None.

    DynamoDB learns what a request takes when it carries it out. So it takes a request while anything is left, and the
    next ones wait until what it took too much is there again.
    """
    for part in ranges:
        resource = part.resource
        limit, size = _limit_of(kind, part)
        if _is_provisioned(part.table) and BUCKETS.is_empty((kind, resource), limit, size):
            reason = f"{'Index' if part.index else 'Table'}{kind}ProvisionedThroughputExceeded"
            return Throttle("ProvisionedThroughputExceededException", SLOW, reason, resource)
        most = OF_A_PARTITION[kind]
        hot = BUCKETS.is_empty((kind, resource, part.partition), most, most)
        if hot or BUCKETS.is_empty((kind, resource), limit, size):
            return throttle_of(kind, part)
    return None


def throttle_of(kind: Kind, part: Range) -> Throttle:
    """Why a request is refused if this range is hot."""
    where = "Index" if part.index else "Table"
    return Throttle("ThrottlingException", HOT, f"{where}{kind}KeyRangeThroughputExceeded", part.resource)


def charge(kind: Kind, part: Range, units: float) -> None:
    limit, size = _limit_of(kind, part)
    most = OF_A_PARTITION[kind]
    BUCKETS.take((kind, part.resource), units, limit, size)
    BUCKETS.take((kind, part.resource, part.partition), units, most, most)


def written_ranges(item: Named) -> list[Range]:
    """What a write of the item changes, as far as the request and the present item show."""
    versions = [each for each in (item.read(), item.key) if each]
    indexes = [part for each in versions for part, _ in _index_writes(item.table, None, each)]
    return [Range(item.table, item.partition), *indexes]


def charge_write(item: Named, old: Mapping[str, Any] | None, *, in_transaction: bool = False) -> None:
    """Charge what a write of the item took that was `old` before. Also a write takes units whose condition failed."""
    new = item.read()
    size = max((dynamodb._item_size_bytes(each) for each in (old, new) if each), default=0)
    units = dynamodb._capacity_kb(size) * (2 if in_transaction else 1)
    charge("Write", Range(item.table, item.partition), units)
    for part, index_units in _index_writes(item.table, old, new):
        charge("Write", part, index_units)


def read_units(size_bytes: int, *, consistent: bool) -> float:
    return max(1, -(-size_bytes // READ_UNIT_BYTES)) * (1 if consistent else 0.5)


def _index_writes(
    table: Mapping[str, Any], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Iterator[tuple[Range, float]]:
    """The ranges of indexes that a change writes, and the units in each."""
    for index in table.get("GlobalSecondaryIndexes") or ():
        hashes, ranges = dynamodb._index_key_lists(index)
        before, after = (dynamodb._index_partition(each, hashes, ranges) if each else None for each in (old, new))
        same = before is not None and before == after
        for partition, change in ((after, (old, new)),) if same else ((before, (old, None)), (after, (None, new))):
            if partition is not None and (units := dynamodb._index_write_units(table, index, *change)):
                yield Range(table, str(partition), index["IndexName"]), units


def _limit_of(kind: Kind, part: Range) -> tuple[float, float]:
    """The units per second of the whole table or index, and how many it saves up."""
    if _is_provisioned(part.table):
        provisioned = dynamodb._index_def(part.table, part.index) or part.table if part.index else part.table
        units = float((provisioned.get("ProvisionedThroughput") or {}).get(f"{kind}CapacityUnits") or 1)
        return units, units * PROVISIONED_BURST_S
    warm = (part.table.get("WarmThroughput") or {}).get(f"{kind}UnitsPerSecond") or 0
    most = float(max(OF_A_NEW_TABLE[kind], warm))
    return most, most


def _is_provisioned(table: Mapping[str, Any]) -> bool:
    mode = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    return bool(mode == "PROVISIONED")


def refuse(throttle: Throttle) -> Answer:
    """The answer to a request that is throttled."""
    return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(throttle.body).encode()
