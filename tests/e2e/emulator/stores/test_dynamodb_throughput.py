"""What a partition, an index and a table of DynamoDB take in a second, in the local cloud."""

import uuid
from typing import Any

import pytest

from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.stores.dynamodb_calls import count, first_of, key, large, new_table, outcome, refusals_of
from tests.e2e.impatient import impatient
from tests.e2e.waiting import eventually


@pytest.fixture
def table(aws: Clients) -> str:
    return new_table(aws)


def reasons_of(refused: dict[str, Any]) -> list[str]:
    return [each["reason"] for name in refused if name.lower() == "throttlingreasons" for each in refused[name]]


def test_a_partition_key_takes_1000_write_units_per_second(aws: Clients, table: str) -> None:
    dynamodb, hot = impatient(aws, "dynamodb"), key()

    def write(item: dict[str, Any]) -> None:
        dynamodb.put_item(TableName=table, Item=large(item))

    refused = refusals_of(lambda: write(hot), beside=lambda: write(hot))

    assert refused["Error"]["Code"] == "ThrottlingException"
    assert reasons_of(refused) == ["TableWriteKeyRangeThroughputExceeded"]


def test_writes_are_refused_if_an_index_cannot_follow(aws: Clients, table: str) -> None:
    dynamodb, group = impatient(aws, "dynamodb"), uuid.uuid4().hex

    def write() -> None:
        dynamodb.put_item(TableName=table, Item=large(key(), group=group))

    refused = refusals_of(write, beside=write)

    assert refused["Error"]["Code"] == "ThrottlingException"
    assert reasons_of(refused) == ["IndexWriteKeyRangeThroughputExceeded"]
    assert refused["throttlingReasons"][0]["resource"].endswith("/index/by_group")


def test_a_partition_key_takes_3000_read_units_per_second(aws: Clients, table: str) -> None:
    dynamodb, hot = impatient(aws, "dynamodb"), key()
    eventually(lambda: not outcome(lambda: dynamodb.put_item(TableName=table, Item=large(hot))))

    def query() -> None:
        dynamodb.query(
            TableName=table,
            KeyConditionExpression="id = :id",
            FilterExpression="attribute_exists(nothing)",  # which is read, and left out of the answer
            ExpressionAttributeValues={":id": hot["id"]},
            ConsistentRead=True,
        )

    refused = refusals_of(query, beside=query)

    assert refused["Error"]["Code"] == "ThrottlingException"
    assert reasons_of(refused) == ["TableReadKeyRangeThroughputExceeded"]
    refused = refusals_of(lambda: dynamodb.get_item(TableName=table, Key=hot), beside=query)
    assert reasons_of(refused) == ["TableReadKeyRangeThroughputExceeded"]


def test_a_transaction_that_is_throttled_is_cancelled(aws: Clients, table: str) -> None:
    dynamodb, hot = impatient(aws, "dynamodb"), key()

    def transact() -> None:
        put = {"Put": {"TableName": table, "Item": large(hot)}}
        dynamodb.transact_write_items(TransactItems=[{"Update": count(table, key())}, put])

    refused = refusals_of(transact, beside=lambda: dynamodb.put_item(TableName=table, Item=large(hot)))

    assert refused["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in refused["CancellationReasons"]] == ["None", "ThrottlingError"]


def test_a_batch_names_the_writes_and_keys_that_are_throttled(aws: Clients, table: str) -> None:
    dynamodb, hot = impatient(aws, "dynamodb"), key()

    def write() -> list[Any]:
        puts = [{"PutRequest": {"Item": item}} for item in (key(), large(hot))]
        left = dynamodb.batch_write_item(RequestItems={table: puts})["UnprocessedItems"].get(table, [])
        return [each["PutRequest"]["Item"]["id"] for each in left]

    def read() -> list[Any]:
        get = {"Keys": [key(), hot], "ConsistentRead": True}
        left: list[Any] = (
            dynamodb.batch_get_item(RequestItems={table: get})["UnprocessedKeys"].get(table, {}).get("Keys", [])
        )
        return left

    assert first_of(write, beside=write) == [hot["id"]]
    assert first_of(read, beside=read) == [hot]


@pytest.fixture
def few(aws: Clients) -> str:
    """A table with one provisioned write unit per second."""
    name = f"table-{uuid.uuid4().hex[:8]}"
    aws["dynamodb"].create_table(
        TableName=name,
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    return name


def test_a_table_takes_its_provisioned_units(aws: Clients, few: str) -> None:
    dynamodb = impatient(aws, "dynamodb")
    dynamodb.put_item(TableName=few, Item=large(key(), kib=399))  # it saves up 300 units

    refused = outcome(lambda: dynamodb.put_item(TableName=few, Item=key()))

    assert refused["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert reasons_of(refused) == ["TableWriteProvisionedThroughputExceeded"]
