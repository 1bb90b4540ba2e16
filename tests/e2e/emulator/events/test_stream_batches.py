"""A function that a table's stream invokes gets each change in order, and a change that breaks it stops no other."""

import io
import json
import uuid
import zipfile
from typing import Any

from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.executions.state_machines import queue
from tests.e2e.emulator.roles import allow, role
from tests.e2e.waiting import eventually

# It logs what it gets, and breaks at a bad change or reports it.
HANDLER = """
import boto3, json, os

def handler(event, context):
    names = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(names))
    bad = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]
           if record["dynamodb"]["Keys"]["id"]["S"] == "bad"]
    if bad and os.environ["REPORTS"] == "no":
        raise ValueError("bad")
    return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}
"""
NAMES = ["a", "b", "bad", "c"]


class Stream:
    """A table whose stream invokes a function, with queues of the changes that it got and of the discarded ones."""

    def __init__(self, aws: Clients, *, reports: bool) -> None:
        self._sqs = aws["sqs"]
        name = f"stream-{uuid.uuid4().hex[:8]}"
        self.seen, self.discarded = queue(aws), queue(aws)
        described = self._sqs.get_queue_attributes(QueueUrl=self.discarded, AttributeNames=["QueueArn"])
        table = aws["dynamodb"].create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )["TableDescription"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            code.writestr("app.py", HANDLER)
        aws["lambda"].create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role(aws, "lambda", allow("*", "*")),
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=900,
            Environment={"Variables": {"SEEN": self.seen, "REPORTS": "yes" if reports else "no"}},
        )
        aws["dynamodb"].batch_write_item(
            RequestItems={name: [{"PutRequest": {"Item": {"id": {"S": n}}}} for n in NAMES]}
        )
        aws["lambda"].create_event_source_mapping(
            FunctionName=name,
            EventSourceArn=table["LatestStreamArn"],
            StartingPosition="TRIM_HORIZON",
            BatchSize=4,
            MaximumRetryAttempts=0,
            BisectBatchOnFunctionError=not reports,
            FunctionResponseTypes=["ReportBatchItemFailures"] if reports else [],
            DestinationConfig={"OnFailure": {"Destination": described["Attributes"]["QueueArn"]}},
        )

    def received(self, url: str) -> Any:
        """The body of the next message in a queue, which has it no more."""
        messages = eventually(lambda: self._sqs.receive_message(QueueUrl=url).get("Messages"))
        assert messages
        self._sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
        return json.loads(messages[0]["Body"])


def test_a_change_that_breaks_a_function_is_isolated_and_discarded(aws: Clients) -> None:
    stream = Stream(aws, reports=False)

    batches = [stream.received(stream.seen) for _ in range(5)]
    discarded = stream.received(stream.discarded)

    assert batches == [NAMES, ["a", "b"], ["bad", "c"], ["bad"], ["c"]]
    assert discarded["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert discarded["DDBStreamBatchInfo"]["batchSize"] == 1


def test_the_changes_before_a_reported_failure_are_done(aws: Clients) -> None:
    stream = Stream(aws, reports=True)

    first = stream.received(stream.seen)
    discarded = stream.received(stream.discarded)

    assert first == NAMES
    assert discarded["DDBStreamBatchInfo"]["batchSize"] == 2  # the one that failed and the one after it
