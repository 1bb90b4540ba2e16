"""DynamoDB's rules for transactions and sizes, in the local cloud."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import Fault
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.stores.dynamodb_calls import KIB, count, key, large, new_table, outcome, refusals_of
from tests.e2e.impatient import impatient
from tests.e2e.waiting import eventually


@pytest.fixture
def table(aws: Clients) -> str:
    return new_table(aws)


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
