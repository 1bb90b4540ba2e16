"""The local cloud counts what an account of AWS would count against its quotas."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from craftspark.jobs.job import images_prefix
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.quotas import IN_FLIGHT, QUOTAS, USE_PATH
from tests.e2e.front_end import HTTP, FrontEnd, states_entered
from tests.e2e.impatient import impatient
from tests.e2e.launcher.command_line import run
from tests.e2e.waiting import eventually

WRITES = "DynamoDB: write units of a new table"
# A job of one batch takes the same of these on every machine and for every client.
EXACT = (
    "Step Functions: StartExecution",
    "Step Functions: state transitions",
    "Step Functions: SendTaskSuccess",
    "EventBridge: PutEvents",
)
KIB = 1024


def read_used(endpoint: str, table: str) -> dict[str, float]:
    """By quota. The write units are those of the table."""
    use: dict[str, Any] = HTTP.get(endpoint + USE_PATH).raise_for_status().json()
    return {name: each["used"] for name, each in use.items()} | {WRITES: use[WRITES]["of"].get(table, 0)}


def has_running_executions(cloud: LocalCloud) -> bool:
    """Whether a job or a training runs, such as one whose version is on trial."""
    states = cloud.client("stepfunctions")
    machines = [cloud.outputs[name] for name in ("StateMachineArn", "TrainingStateMachineArn")]
    return any(states.list_executions(stateMachineArn=each, statusFilter="RUNNING")["executions"] for each in machines)


def has_work_in_queues(cloud: LocalCloud) -> bool:
    """Whether messages wait for a worker, or a worker has some. Those of a job that was cancelled are answered too."""
    sqs = cloud.client("sqs")
    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    for url in sqs.list_queues()["QueueUrls"]:
        about = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        if "RedrivePolicy" in about and any(int(about[count]) for count in counts):  # dead letters stay
            return True
    return False


def list_files(cloud: LocalCloud, job_id: str) -> list[str]:
    bucket = cloud.outputs["ImagesBucketName"]
    return [
        each["Key"]
        for each in cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix=images_prefix(job_id))["Contents"]
    ]


@pytest.mark.usefixtures("warm")
def test_a_job_takes_of_each_quota_what_the_table_says(cloud: LocalCloud, maker: str) -> None:
    front_end = FrontEnd(cloud, maker)
    eventually(lambda: not has_running_executions(cloud) and not has_work_in_queues(cloud))  # of earlier tests
    table = cloud.outputs["JobsTableName"]
    before = read_used(cloud.endpoint, table)

    job = front_end.ended(front_end.accepted("red apple", count=4, steps=2, seed=1))
    assert "Job delivered" in states_entered(cloud, job["job_id"])
    after = read_used(cloud.endpoint, table)

    taken = {name: after[name] - before[name] for name in after}
    assert {name: taken[name] for name in EXACT} == {each.name: each.per_job for each in QUOTAS if each.name in EXACT}
    assert taken["API Gateway: requests"] >= 2
    assert taken["Lambda: concurrent executions"] > 0
    [table_says] = [each.per_job for each in QUOTAS if each.name == WRITES]
    assert taken[WRITES] >= 0.8 * table_says  # and one more for each second that drawing takes
    status = run("status", state_dir=cloud.state.path)
    for quota in QUOTAS:
        assert (quota.name in status) == bool(quota.calls or quota.name == IN_FLIGHT)
    [files] = [each.per_job for each in QUOTAS if each.name == "S3: writes below a prefix"]
    assert len(list_files(cloud, job["job_id"])) == files


def test_a_write_takes_a_unit_for_each_kib_and_in_a_transaction_two(aws: Clients) -> None:
    table = uuid.uuid4().hex
    aws["dynamodb"].create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        GlobalSecondaryIndexes=[  # it has its own units
            {
                "IndexName": "by_id",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    item = {"id": {"S": "1"}, "text": {"S": "x" * 99 * KIB}}

    aws["dynamodb"].put_item(TableName=table, Item=item)
    single = read_used(aws.endpoint, table)[WRITES]
    written = aws["dynamodb"].transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": item}}])
    both = read_used(aws.endpoint, table)[WRITES]

    assert single == 100
    assert both - single == 200
    assert "ConsumedCapacity" not in written  # nobody asked for it


def test_calls_beyond_their_rate_are_throttled(aws: Clients) -> None:
    elsewhere = impatient(aws, "stepfunctions", region="eu-west-1")  # where no other test needs the quota
    execution = "arn:aws:states:eu-west-1:000000000000:execution:none:none"

    def describe() -> str:
        with pytest.raises(ClientError) as refused:
            elsewhere.describe_execution(executionArn=execution)
        return str(refused.value.response["Error"]["Code"])

    def throttled() -> bool:
        return "ThrottlingException" in {describe() for _ in range(50)}

    assert describe() == "ExecutionDoesNotExist"
    eventually(throttled)
