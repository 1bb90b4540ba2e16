"""DynamoDB transactions whose failed conditions are reported by item."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from craftspark.aws.retries import pause_s
from craftspark.errors import AccountContended, Contended

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_CONFLICTS = 10
# Why DynamoDB cancels a transaction that the same request can carry out later. The SDK retries neither of them.
CONFLICT = "TransactionConflict"
THROTTLES = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})


class ConditionsFailed(Exception):
    """A transaction wrote nothing because conditions failed. `items` has the old item for each failed condition.

    `items[n]` is None if condition `n` held, and {} if it failed on an item that does not exist.
    """

    def __init__(self, items: Sequence[dict[str, Any] | None]) -> None:
        super().__init__("conditions failed")
        self.items = items


def transact(client: DynamoDBClient, writes: Sequence[dict[str, Any]]) -> None:
    """Write everything or nothing. Raises ConditionsFailed or Contended, or the error of the client.

    DynamoDB rejects conflicting and throttled transactions instead of queueing them. So they are retried after a random
    pause that doubles, for about three seconds in total.
    """
    for tries in range(MAX_CONFLICTS):
        try:
            client.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            reasons: Any = error.response["CancellationReasons"]
            codes = {reason["Code"] for reason in reasons}
            if "ConditionalCheckFailed" in codes:
                raise ConditionsFailed(
                    [
                        reason.get("Item", {}) if reason["Code"] == "ConditionalCheckFailed" else None
                        for reason in reasons
                    ]
                ) from None
            if codes - {"None", CONFLICT, *THROTTLES}:
                raise
            time.sleep(pause_s(tries))
        else:
            return
    raise Contended(
        f"{MAX_CONFLICTS} tries met other transactions on the same items, or more writes than the table takes"
    )


def transact_for_maker(client: DynamoDBClient, writes: Sequence[dict[str, Any]], contended: str) -> None:
    """Write everything or nothing for a request of a maker. Raises ConditionsFailed, or AccountContended with a detail.

    The detail says what else changed at the same time, and that the request can be sent again.
    """
    try:
        transact(client, writes)
    except Contended as failure:
        raise AccountContended(contended) from failure


def retry_conflicts(client: DynamoDBClient) -> DynamoDBClient:
    """The client, which now retries a single write that meets a transaction on its item.

    DynamoDB refuses such a write with TransactionConflictException. It has written nothing, and the SDK does not retry
    it.
    """
    handler: Any = _retry_conflict  # its result counts, which the types of botocore do not know
    client.meta.events.register("needs-retry.dynamodb", handler, unique_id="retry-conflicts")
    return client


def _retry_conflict(response: Any, attempts: int, **_: Any) -> float | None:
    """The seconds to wait before the next attempt, or None. botocore calls this after each attempt."""
    code = response[1].get("Error", {}).get("Code") if response else None
    return pause_s(attempts - 1) if code == "TransactionConflictException" and attempts < MAX_CONFLICTS else None
