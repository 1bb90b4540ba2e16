"""Transactions and single writes that DynamoDB refuses because of others are sent again."""

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from craftspark.aws.transactions import MAX_CONFLICTS, ConditionsFailed, retry_conflicts, transact
from craftspark.errors import Contended

CONFLICT, THROTTLED, FAILED, NONE = (
    {"Code": code} for code in ("TransactionConflict", "ThrottlingError", "ConditionalCheckFailed", "None")
)
WRITES = [{"Put": {"TableName": "table", "Item": {"id": {"S": name}}}} for name in ("1", "2")]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of transactions, which take no time."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def a_client() -> Any:
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"mode": "standard", "total_max_attempts": 4}),
    )


def cancelled(*reasons: dict[str, str]) -> dict[str, Any]:
    return {
        "service_error_code": "TransactionCanceledException",
        "modeled_fields": {"CancellationReasons": list(reasons)},
    }


@pytest.mark.parametrize("reason", [CONFLICT, THROTTLED], ids=lambda reason: reason["Code"])
def test_a_cancelled_transaction_is_sent_again(reason: dict[str, str], pauses: list[float]) -> None:
    client = a_client()
    with Stubber(client) as aws:
        for _ in range(MAX_CONFLICTS - 1):
            aws.add_client_error("transact_write_items", **cancelled(NONE, reason))
        aws.add_response("transact_write_items", {})

        transact(client, WRITES)

        aws.assert_no_pending_responses()
    assert len(pauses) == MAX_CONFLICTS - 1


def test_a_transaction_that_is_always_refused_is_contended(pauses: list[float]) -> None:
    client = a_client()
    with Stubber(client) as aws:
        for _ in range(MAX_CONFLICTS):
            aws.add_client_error("transact_write_items", **cancelled(CONFLICT, NONE))

        with pytest.raises(Contended):
            transact(client, WRITES)


def test_a_failed_condition_beside_a_conflict_is_not_sent_again(pauses: list[float]) -> None:
    client = a_client()
    with Stubber(client) as aws:
        aws.add_client_error("transact_write_items", **cancelled(CONFLICT, FAILED))

        with pytest.raises(ConditionsFailed) as failed:
            transact(client, WRITES)

    assert failed.value.items == [None, {}]
    assert pauses == []


class Answers:
    """Answers single writes with error codes, and with success when there are no more."""

    def __init__(self, client: Any, codes: list[str]) -> None:
        self.codes = codes
        client.meta.events.register("before-send.dynamodb.PutItem", self.answer)

    def answer(self, **_: Any) -> AWSResponse:
        code = self.codes.pop(0) if self.codes else None
        body = json.dumps({"__type": code, "message": ""} if code else {}).encode()
        return AWSResponse("http://aws", 400 if code else 200, HTTPHeaders(), Body(body))


class Body(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def put(client: Any) -> None:
    client.put_item(TableName="table", Item={"id": {"S": "1"}})


def test_a_single_write_that_meets_a_transaction_is_sent_again(pauses: list[float]) -> None:
    client = retry_conflicts(a_client())
    answers = Answers(client, ["TransactionConflictException"] * (MAX_CONFLICTS - 1))

    put(client)

    assert answers.codes == []


def test_a_single_write_that_always_meets_transactions_fails(pauses: list[float]) -> None:
    client = retry_conflicts(a_client())
    Answers(client, ["TransactionConflictException"] * MAX_CONFLICTS)

    with pytest.raises(ClientError, match="TransactionConflictException"):
        put(client)


def test_another_refusal_is_not_sent_again(pauses: list[float]) -> None:
    client = retry_conflicts(a_client())
    answers = Answers(client, ["ConditionalCheckFailedException", "ConditionalCheckFailedException"])

    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        put(client)
    assert len(answers.codes) == 1
