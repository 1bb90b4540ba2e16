"""A transaction that fails leaves moto's tables as they were, although they are not copied whole."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import JOBS, client_of

pytestmark = pytest.mark.usefixtures("tables")


def item(name: str, **attributes: Any) -> dict[str, Any]:
    return {"job_id": {"S": "job"}, "item": {"S": name}, **attributes}


def items() -> list[Any]:
    return sorted(client_of("dynamodb").scan(TableName=JOBS)["Items"], key=str)


def test_a_transaction_that_fails_changes_nothing() -> None:
    dynamodb = client_of("dynamodb")
    for name in ("changed", "deleted", "replaced"):
        dynamodb.put_item(TableName=JOBS, Item=item(name, progress={"M": {"state": {"S": "before"}}}))
    before = items()
    after = {":after": {"S": "after"}}
    writes = [
        {
            "Update": {
                "Key": item("changed"),
                "UpdateExpression": "SET progress.#state = :after",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": after,
            }
        },
        {"Update": {"Key": item("new"), "UpdateExpression": "SET a = :after", "ExpressionAttributeValues": after}},
        {"Delete": {"Key": item("deleted")}},
        {"Put": {"Item": item("replaced")}},
    ]
    failing = {"Delete": {"Key": item("missing"), "ConditionExpression": "attribute_exists(job_id)"}}

    with pytest.raises(ClientError):
        transact(*writes, failing)

    assert items() == before
    transact(*writes)
    assert not [each for each in items() if each in before]


def transact(*writes: Any) -> None:
    named = [{kind: {"TableName": JOBS, **write} for kind, write in each.items()} for each in writes]
    client_of("dynamodb").transact_write_items(TransactItems=named)
