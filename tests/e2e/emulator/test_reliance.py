"""Behaviour of the emulator on which our code relies without a patch. These tests detect a release that changes it."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from craftspark.aws.jobs.presigning import Presigner
from craftspark.jobs.downloads import Download, disposition_of
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.front_end import HTTP


@pytest.fixture
def table(aws: Clients) -> str:
    """A table with one account: 5 credits available."""
    name = f"table-{uuid.uuid4().hex[:8]}"
    aws["dynamodb"].create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "maker", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "maker", "AttributeType": "S"},
            {"AttributeName": "item", "AttributeType": "S"},
        ],
    )
    aws["dynamodb"].put_item(TableName=name, Item=account(available=5))
    return name


def account(available: int) -> dict[str, Any]:
    return {"maker": {"S": "m"}, "item": {"S": "account"}, "available": {"N": str(available)}}


def reserve(table: str, price: int) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": table,
            "Key": {"maker": {"S": "m"}, "item": {"S": "account"}},
            "UpdateExpression": "SET available = available - :price",
            "ConditionExpression": "available >= :price",
            "ExpressionAttributeValues": {":price": {"N": str(price)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def put_once(table: str) -> dict[str, Any]:
    return {
        "Put": {
            "TableName": table,
            "Item": {"maker": {"S": "m"}, "item": {"S": "reservation"}},
            "ConditionExpression": "attribute_not_exists(maker)",
        }
    }


def test_a_cancelled_transaction_returns_the_failed_condition_and_its_item(aws: Clients, table: str) -> None:
    with pytest.raises(ClientError) as refused:
        aws["dynamodb"].transact_write_items(TransactItems=[put_once(table), reserve(table, price=9)])

    reasons = refused.value.response["CancellationReasons"]
    assert refused.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"] == account(available=5)
    assert "Item" not in aws["dynamodb"].get_item(
        TableName=table, Key={"maker": {"S": "m"}, "item": {"S": "reservation"}}
    )


def test_every_failed_condition_of_a_transaction_is_named(aws: Clients, table: str) -> None:
    aws["dynamodb"].transact_write_items(TransactItems=[put_once(table), reserve(table, price=2)])

    with pytest.raises(ClientError) as refused:
        aws["dynamodb"].transact_write_items(TransactItems=[put_once(table), reserve(table, price=9)])

    reasons = refused.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["ConditionalCheckFailed"] * 2


def test_a_standard_queue_accepts_message_groups_and_hides_received_messages(aws: Clients) -> None:
    sqs = aws["sqs"]
    url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}", Attributes={"VisibilityTimeout": "30"})[
        "QueueUrl"
    ]
    sqs.send_message(QueueUrl=url, MessageBody="one", MessageGroupId="maker")

    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    hidden = sqs.receive_message(QueueUrl=url).get("Messages", [])
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    again = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])["Messages"][0]

    assert hidden == []
    assert again["MessageId"] == message["MessageId"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["Attributes"]["MessageGroupId"] == "maker"


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(aws: Clients) -> None:
    sqs, name = aws["sqs"], f"queue-{uuid.uuid4().hex[:8]}"
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")

    received = [len(sqs.receive_message(QueueUrl=url).get("Messages", [])) for _ in range(3)]

    assert received == [1, 1, 0]
    assert sqs.receive_message(QueueUrl=dead)["Messages"][0]["Body"] == "poison"


def test_a_presigned_url_works_with_plain_http_on_loopback(aws: Clients) -> None:
    s3, bucket = aws["s3"], f"bucket-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="images/job/0.png", Body=b"picture", ContentType="image/png")

    address = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "images/job/0.png"})
    answer = HTTP.get(address)

    assert address.startswith(f"{aws.endpoint}/{bucket}/")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"picture", "image/png")


def test_a_presigned_url_sets_the_file_name(aws: Clients) -> None:
    s3, bucket = aws["s3"], f"bucket-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="images/job/0.png", Body=b"picture")
    disposition = disposition_of("äpfel-1.png", "picture")

    [address] = Presigner(client=s3, bucket=bucket, lifetime_s=60).links([Download("images/job/0.png", disposition)])
    answer = HTTP.get(address)

    assert (answer.status_code, answer.headers["content-disposition"]) == (200, disposition)
