"""DynamoDB's rules for transactions, sizes and throughput, in the local cloud."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.launcher.aws_clients import Clients
from tests.e2e.impatient import impatient
from tests.e2e.waiting import eventually

KIB = 1024
WRITERS = 4


@pytest.fixture(scope="module")
def table(aws: Clients) -> str:
    """A table with an index by `group`."""
    name = f"table-{uuid.uuid4().hex[:8]}"
    aws["dynamodb"].create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("id", "group")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_group",
                "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


def key() -> dict[str, Any]:
    return {"id": {"S": uuid.uuid4().hex}}


def count(table: str, item: dict[str, Any]) -> dict[str, Any]:
    """An update that adds one to the item's count."""
    return {
        "TableName": table,
        "Key": item,
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def refusals_of(call: Callable[[], object], *, beside: Callable[[], object]) -> dict[str, Any]:
    """The response to the first of these calls that is refused while other threads repeat another one."""
    done = threading.Event()

    def repeat() -> None:
        while not done.is_set():
            outcome(beside)

    writers = [threading.Thread(target=repeat) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        return eventually(lambda: outcome(call))
    finally:
        done.set()
        for writer in writers:
            writer.join()


def outcome(call: Callable[[], object]) -> dict[str, Any]:
    """The response to a refused call, or nothing."""
    try:
        call()
    except ClientError as refused:
        return dict(refused.response)
    return {}


def test_a_transaction_that_meets_another_one_on_an_item_is_cancelled(aws: Clients, table: str) -> None:
    shared = key()
    done = 0

    def transact() -> None:
        nonlocal done
        writes = [{"Put": {"TableName": table, "Item": key()}}, {"Update": count(table, shared)}]
        aws["dynamodb"].transact_write_items(TransactItems=writes)
        with lock:
            done += 1

    lock = threading.Lock()
    refused = refusals_of(transact, beside=transact)

    assert refused["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in refused["CancellationReasons"]] == ["None", "TransactionConflict"]
    stored = aws["dynamodb"].get_item(TableName=table, Key=shared, ConsistentRead=True)["Item"]
    assert stored["n"] == {"N": str(done)}  # those that were refused wrote nothing


def test_a_single_write_that_meets_a_transaction_is_refused(aws: Clients, table: str) -> None:
    shared = key()
    transact = {"TransactItems": [{"Update": count(table, shared)}]}

    refused = refusals_of(
        lambda: aws["dynamodb"].update_item(**count(table, shared)),
        beside=lambda: aws["dynamodb"].transact_write_items(**transact),
    )

    assert refused["Error"]["Code"] == "TransactionConflictException"


def test_a_read_in_a_transaction_that_meets_a_write_in_another_is_cancelled(aws: Clients, table: str) -> None:
    shared = key()

    refused = refusals_of(
        lambda: aws["dynamodb"].transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": shared}}]),
        beside=lambda: aws["dynamodb"].transact_write_items(TransactItems=[{"Update": count(table, shared)}]),
    )

    assert refused["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in refused["CancellationReasons"]] == ["TransactionConflict"]


def test_a_transaction_that_is_repeated_while_it_runs_is_in_progress(aws: Clients, table: str) -> None:
    dynamodb, item = impatient(aws, "dynamodb"), key()
    token = str(uuid.uuid4())

    def transact() -> None:
        dynamodb.transact_write_items(TransactItems=[{"Update": count(table, item)}], ClientRequestToken=token)

    def codes() -> list[str]:
        """What two requests with the same token get, if one of them is refused."""
        nonlocal token
        token = str(uuid.uuid4())
        with ThreadPoolExecutor(2) as threads:
            refused = [each for each in threads.map(outcome, [transact, transact]) if each]
        return [each["Error"]["Code"] for each in refused]

    assert eventually(codes) == ["TransactionInProgressException"]
