"""DynamoDB's rules for transactions, sizes and throughput, in the local cloud."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError

from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import Fault
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.impatient import impatient
from tests.e2e.waiting import eventually

KIB = 1024
CALLERS = 4

T = TypeVar("T")


@pytest.fixture
def table(aws: Clients) -> str:
    """A table with an index by `group`, and with all its units."""
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


def first_of(look: Callable[[], T], *, beside: Callable[[], object]) -> T:
    """The first true result of `look` while other threads repeat another call."""
    done = threading.Event()

    def repeat() -> None:
        while not done.is_set():
            outcome(beside)

    callers = [threading.Thread(target=repeat) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        return eventually(look)
    finally:
        done.set()
        for caller in callers:
            caller.join()


def refusals_of(call: Callable[[], object], *, beside: Callable[[], object]) -> dict[str, Any]:
    """The response to the first of these calls that is refused while other threads repeat another one."""
    return first_of(lambda: outcome(call), beside=beside)


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


def test_a_transaction_that_is_repeated_after_its_end_has_no_second_effect(aws: Clients, table: str) -> None:
    dynamodb, item, token = aws["dynamodb"], key(), str(uuid.uuid4())

    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[{"Update": count(table, item)}], ClientRequestToken=token)

    [counted] = [value for name, value in dynamodb.get_item(TableName=table, Key=item)["Item"].items() if "N" in value]
    assert counted == {"N": "1"}


def large(item: dict[str, Any], *, kib: int = 300, **attributes: str) -> dict[str, Any]:
    """An item with so many KiB of data."""
    return item | {"data": {"S": "x" * kib * KIB}} | {name: {"S": value} for name, value in attributes.items()}


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


@pytest.mark.parametrize(
    ("operation", "request_of"),
    [
        ("put_item", lambda table: {"TableName": table, "Item": large(key(), kib=400)}),
        (
            "update_item",
            lambda table: (
                count(table, key())
                | {"UpdateExpression": "SET n = :one", "ExpressionAttributeValues": {":one": {"S": "x" * 400 * KIB}}}
            ),
        ),
        (
            "transact_write_items",
            lambda table: {"TransactItems": [{"Update": count(table, key())} for _ in range(101)]},
        ),
        (
            "transact_write_items",
            lambda table: {"TransactItems": [{"Put": {"TableName": table, "Item": large(key())}} for _ in range(14)]},
        ),
        (
            "batch_write_item",
            lambda table: {"RequestItems": {table: [{"PutRequest": {"Item": key()}} for _ in range(26)]}},
        ),
        ("batch_get_item", lambda table: {"RequestItems": {table: {"Keys": [key() for _ in range(101)]}}}),
    ],
    ids=["item", "updated item", "items of a transaction", "size of a transaction", "writes", "keys"],
)
def test_what_is_larger_than_dynamodb_takes_is_refused(
    aws: Clients, table: str, operation: str, request_of: Callable[[str], dict[str, Any]]
) -> None:
    refused = outcome(lambda: getattr(aws["dynamodb"], operation)(**request_of(table)))

    assert refused["Error"]["Code"] == "ValidationException"


def test_a_query_reads_a_page_of_1_mb(aws: Clients) -> None:
    table = f"table-{uuid.uuid4().hex[:8]}"
    aws["dynamodb"].create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
    )
    for n in range(4):
        aws["dynamodb"].put_item(TableName=table, Item=large({"id": {"S": "1"}, "n": {"N": str(n)}}))

    page = aws["dynamodb"].query(
        TableName=table, KeyConditionExpression="id = :id", ExpressionAttributeValues={":id": {"S": "1"}}
    )

    assert page["Count"] == 3
    assert page["LastEvaluatedKey"]["n"] == {"N": "2"}


def test_a_transaction_or_a_write_may_meet_a_transaction_of_nobody(aws: Clients, table: str) -> None:
    transact = {"TransactItems": [{"Update": count(table, key())} for _ in range(2)]}

    with FaultSwitch(aws.endpoint).under(Fault("conflict", table, share=1)):
        alone = outcome(lambda: aws["dynamodb"].update_item(**count(table, key())))  # in a table without transactions
        cancelled = outcome(lambda: aws["dynamodb"].transact_write_items(**transact))
        refused = outcome(lambda: aws["dynamodb"].update_item(**count(table, key())))

    assert alone == {}
    assert [reason["Code"] for reason in cancelled["CancellationReasons"]] == ["TransactionConflict", "None"]
    assert refused["Error"]["Code"] == "TransactionConflictException"
    assert outcome(lambda: aws["dynamodb"].transact_write_items(**transact)) == {}


def test_a_part_of_a_batch_may_be_left_for_another_reason(aws: Clients, table: str) -> None:
    dynamodb = impatient(aws, "dynamodb")
    keys = [key() for _ in range(20)]

    def read() -> Any:
        return dynamodb.batch_get_item(RequestItems={table: {"Keys": keys}})

    with FaultSwitch(aws.endpoint).under(Fault("throttle", table, share=0.5)):
        left = read()["UnprocessedKeys"][table]["Keys"]
    with FaultSwitch(aws.endpoint).under(Fault("throttle", table, share=1)):
        refused = outcome(read)

    assert 0 < len(left) < len(keys)
    assert refused["Error"]["Code"] == "ThrottlingException"
    assert read()["UnprocessedKeys"] == {}


def test_a_read_may_be_late_unless_it_is_consistent(aws: Clients, table: str) -> None:
    dynamodb, item, group = aws["dynamodb"], key(), uuid.uuid4().hex
    written = 0

    def read(*, consistent: bool = False) -> int:
        found = dynamodb.get_item(TableName=table, Key=item, ConsistentRead=consistent).get("Item", {})
        return int(found.get("n", {"N": "0"})["N"])

    def query() -> int:
        values = {":group": {"S": group}}
        page = dynamodb.query(
            TableName=table,
            IndexName="by_group",
            KeyConditionExpression="#group = :group",
            ExpressionAttributeNames={"#group": "group"},
            ExpressionAttributeValues=values,
        )
        return max([int(each["n"]["N"]) for each in page["Items"]], default=0)

    def late() -> bool:
        """Whether both reads after a write do not have it yet, and a consistent one does."""
        nonlocal written
        written += 1
        dynamodb.put_item(TableName=table, Item={**item, "n": {"N": str(written)}, "group": {"S": group}})
        return read() < written == read(consistent=True) and query() < written

    with FaultSwitch(aws.endpoint).under(Fault("delay", f"{table}*", share=1)):
        assert eventually(late)
        eventually(lambda: read() == query() == written)
