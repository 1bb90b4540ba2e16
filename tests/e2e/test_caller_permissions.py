"""Who calls is known by the signature, and may do what the policies of the role allow."""

import uuid
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.environment import ACCOUNT, REGION
from local_cloud.launcher.state import StateDir
from tests.e2e import state_machines
from tests.e2e.ecs import process_of_task, said
from tests.e2e.roles import allow, client_as, role


def refusal(call: Any, **request: Any) -> str:
    """The error code of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


@pytest.fixture
def bucket(aws: Clients) -> str:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    aws["s3"].create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize("key", ["test", ACCOUNT, "AKIANOBODYSKEY000000"])
def test_a_key_that_nobody_issued_is_refused(aws: Clients, key: str) -> None:
    nobody = boto3.client(
        "sqs", endpoint_url=aws.endpoint, region_name=REGION, aws_access_key_id=key, aws_secret_access_key="test"
    )

    assert refusal(nobody.list_queues) in ("InvalidClientTokenId", "UnrecognizedClientException")


def test_the_administrator_is_a_user_with_a_policy(aws: Clients) -> None:
    name = aws["sts"].get_caller_identity()["Arn"].rpartition("/")[2]

    attached = aws["iam"].list_attached_user_policies(UserName=name)["AttachedPolicies"]

    assert [policy["PolicyName"] for policy in attached] == ["AdministratorAccess"]


def test_a_role_may_call_what_its_policy_allows_on_that_resource_alone(aws: Clients) -> None:
    first, second = state_machines.queue(aws), state_machines.queue(aws)
    arn = aws["sqs"].get_queue_attributes(QueueUrl=first, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs = client_as(aws, role(aws, "lambda", allow(arn, "sqs:SendMessage")), "sqs")

    sqs.send_message(QueueUrl=first, MessageBody="allowed")

    assert refusal(sqs.send_message, QueueUrl=second, MessageBody="another queue") == "AccessDenied"
    assert refusal(sqs.receive_message, QueueUrl=first) == "AccessDenied"


def test_a_task_acts_as_its_role(aws: Clients, emulator_state: StateDir) -> None:
    definition = aws["ecs"].register_task_definition(
        family=f"family-{uuid.uuid4().hex[:8]}",
        taskRoleArn=role(aws, "ecs-tasks", allow("*", "sqs:ListQueues")),
        containerDefinitions=[{"name": "Worker", "image": "idle", "memory": 128}],
    )["taskDefinition"]["taskDefinitionArn"]
    [task] = aws["ecs"].run_task(taskDefinition=definition)["tasks"]
    environment = said(process_of_task(emulator_state, task["taskArn"]).log)["environment"]
    aws["ecs"].stop_task(task=task["taskArn"])

    own = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_SESSION_TOKEN"], REGION
    )

    identity = own.client("sts", endpoint_url=aws.endpoint).get_caller_identity()["Arn"]
    assert identity.endswith(task["taskArn"].rpartition("/")[2])
    own.client("sqs", endpoint_url=aws.endpoint).list_queues()
    assert refusal(own.client("sns", endpoint_url=aws.endpoint).list_topics) in ("AccessDenied", "AuthorizationError")


def test_a_link_may_do_what_the_role_that_signed_it_may(aws: Clients, bucket: str) -> None:
    aws["s3"].put_object(Bucket=bucket, Key="images/1.png", Body=b"png")
    aws["s3"].put_object(Bucket=bucket, Key="secret", Body=b"secret")
    s3 = client_as(aws, role(aws, "lambda", allow(f"arn:aws:s3:::{bucket}/images/*", "s3:GetObject")), "s3")

    def get(key: str) -> int:
        link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
        return httpx.get(link).status_code

    assert get("images/1.png") == 200
    assert get("secret") == 403


def test_a_form_may_put_what_the_role_that_signed_it_may(aws: Clients, bucket: str) -> None:
    s3 = client_as(aws, role(aws, "lambda", allow(f"arn:aws:s3:::{bucket}/incoming/*", "s3:PutObject")), "s3")

    def post(key: str) -> int:
        form = s3.generate_presigned_post(bucket, key)
        return httpx.post(form["url"], data=form["fields"], files={"file": b"picture"}).status_code

    assert post("incoming/1") == 204
    assert post("images/1") == 403


def test_an_object_without_a_signature_is_refused(aws: Clients, bucket: str) -> None:
    aws["s3"].put_object(Bucket=bucket, Key="1.png", Body=b"png")

    assert httpx.get(f"{aws.endpoint}/{bucket}/1.png").status_code == 403


def test_a_task_of_one_state_machine_cannot_be_answered_by_the_role_of_another(aws: Clients) -> None:
    url = state_machines.queue(aws)
    execution = state_machines.start(aws, {"StartAt": "Ask", "States": {"Ask": state_machines.callback_task(url)}})
    token = state_machines.next_token(aws, url)
    machine = execution.replace(":execution:", ":stateMachine:").rpartition(":")[0]

    def answer_as(resource: str) -> Any:
        return client_as(aws, role(aws, "ecs-tasks", allow(resource, "states:SendTaskSuccess")), "stepfunctions")

    other = answer_as(f"{machine}-other")
    assert refusal(other.send_task_success, taskToken=token, output="{}") == "AccessDeniedException"
    answer_as(machine).send_task_success(taskToken=token, output="{}")
    assert state_machines.ended(aws, execution)["status"] == "SUCCEEDED"


def test_tasks_of_another_cluster_are_not_listed(aws: Clients) -> None:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
    may = allow("*", "ecs:ListTasks", condition={"ArnEquals": {"ecs:cluster": arn}})
    ecs = client_as(aws, role(aws, "lambda", may), "ecs")

    assert "taskArns" in ecs.list_tasks(cluster="default")
    assert "taskArns" in ecs.list_tasks(cluster=arn)
    assert refusal(ecs.list_tasks, cluster="other") == "AccessDeniedException"
