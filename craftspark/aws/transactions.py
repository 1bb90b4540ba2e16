"""DynamoDB transactions whose failed conditions are reported by item."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from craftspark.errors import Contended

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_CONFLICTS = 10


class ConditionsFailed(Exception):
    """A transaction wrote nothing because conditions failed. `items` has the old item for each failed condition.

    `items[n]` is None if condition `n` held, and {} if it failed on an item that does not exist.
    """

    def __init__(self, items: Sequence[dict[str, Any] | None]) -> None:
        super().__init__("conditions failed")
        self.items = items


def transact(client: DynamoDBClient, writes: Sequence[dict[str, Any]]) -> None:
    """Write everything or nothing. Raises ConditionsFailed or Contended.

    DynamoDB rejects conflicting transactions instead of queueing them. So a conflict is retried after a random pause
    that doubles, for about three seconds in total.
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
            if codes - {"None", "TransactionConflict"}:
                raise
            time.sleep(random.uniform(0, min(0.5, 0.01 * 2**tries)))  # noqa: S311 - spreads load, no security
        else:
            return
    raise Contended(f"{MAX_CONFLICTS} tries met other transactions on the same items")
