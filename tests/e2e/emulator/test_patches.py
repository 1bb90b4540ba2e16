"""The contract of the patches, and the guard of each patch."""

import contextvars
import json
import uuid
from typing import Any, cast

import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.session import Session
from ministack.core import router
from ministack.services import dynamodb

from local_cloud.emulator.patches import all_patches, service_names
from local_cloud.emulator.patches.dynamodb import batches
from local_cloud.emulator.patches.lambda_functions import throttles
from local_cloud.emulator.patching import (
    EmulatorChanged,
    Extension,
    Patch,
    Replacement,
    Target,
    apply_all,
    fingerprint,
)
from local_cloud.emulator.tasks.processes import TaskProcesses
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.waiting import eventually

PATCHES = all_patches(cast(TaskProcesses, None))
TARGETS = [(patch, target) for patch in PATCHES for target in patch.targets]


def change(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the target by code that another release could have."""
    if isinstance(target.owner, dict):
        monkeypatch.setitem(target.owner, target.name, "another release's")
    else:
        monkeypatch.setattr(target.owner, target.name, lambda: "another release's")


def deploy(aws: Clients, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> dict[str, str]:
    """Create a stack with these resources. Returns its outputs."""
    name = f"stack-{uuid.uuid4().hex[:8]}"
    template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}}
    aws["cloudformation"].create_stack(StackName=name, TemplateBody=json.dumps(template))

    def ended() -> dict[str, Any] | None:
        stack: dict[str, Any] = aws["cloudformation"].describe_stacks(StackName=name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    stack = eventually(ended)
    assert stack is not None
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_a_patch_fits_the_installed_emulator(patch: Patch) -> None:
    patch.check()


@pytest.mark.parametrize(("patch", "target"), TARGETS, ids=lambda part: str(getattr(part, "name", part)))
def test_a_patch_refuses_an_emulator_that_differs(
    patch: Patch, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(target, monkeypatch)

    with pytest.raises(EmulatorChanged, match=target.name):
        patch.check()


def test_a_part_that_changed_stops_every_patch_before_the_first_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[str] = []
    monkeypatch.setattr(Patch, "apply", lambda patch: applied.append(patch.name))
    last = PATCHES[-1].targets[-1]
    change(last, monkeypatch)

    with pytest.raises(EmulatorChanged, match=last.name):
        apply_all(PATCHES)

    assert applied == []


def test_a_patch_replaces_and_extends_its_targets_and_leaves_the_others() -> None:
    parts = {"replaced": "old", "extended": "old", "required": "old"}
    old = fingerprint("old")
    targets = (
        Replacement(parts, "replaced", old, "new"),
        Replacement(parts, "added", None, "new"),
        Extension(parts, "extended", old, lambda text: f"{text} and new"),
        Target(parts, "required", old),
    )

    apply_all([Patch("patch", "gap", targets)])

    assert parts == {"replaced": "new", "added": "new", "extended": "old and new", "required": "old"}


def test_capacity_providers_and_placeholders_can_be_deployed(aws: Clients) -> None:
    outputs = deploy(
        aws,
        {
            "Address": {"Type": "AWS::EC2::EIP"},
            "Gateway": {
                "Type": "AWS::EC2::NatGateway",
                "Properties": {"AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}, "SubnetId": "subnet-1"},
            },
            "Flow": {"Type": "AWS::EC2::FlowLog", "Properties": {"ResourceId": "vpc-1", "ResourceType": "VPC"}},
            "Cluster": {"Type": "AWS::ECS::Cluster"},
            "Provider": {
                "Type": "AWS::ECS::CapacityProvider",
                "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": "group"}},
            },
            "Providers": {
                "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
                "Properties": {
                    "Cluster": {"Ref": "Cluster"},
                    "CapacityProviders": [{"Ref": "Provider"}],
                    "DefaultCapacityProviderStrategy": [{"CapacityProvider": {"Ref": "Provider"}, "Weight": 1}],
                },
            },
        },
        {"Cluster": {"Ref": "Cluster"}, "Provider": {"Ref": "Provider"}},
    )

    cluster = aws["ecs"].describe_clusters(clusters=[outputs["Cluster"]])["clusters"][0]

    assert cluster["capacityProviders"] == [outputs["Provider"]]
    assert cluster["defaultCapacityProviderStrategy"][0]["capacityProvider"] == outputs["Provider"]


def test_a_table_keeps_its_expiry(aws: Clients) -> None:
    table = {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    }

    outputs = deploy(aws, {"T": {"Type": "AWS::DynamoDB::Table", "Properties": table}}, {"Name": {"Ref": "T"}})

    described = aws["dynamodb"].describe_time_to_live(TableName=outputs["Name"])["TimeToLiveDescription"]
    assert described == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}


def test_the_gpu_machine_image_can_be_resolved(aws: Clients) -> None:
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"

    assert aws["ssm"].get_parameter(Name=name)["Parameter"]["Value"].startswith("ami-")


def test_a_user_pool_has_the_issuer_of_its_tokens(aws: Clients) -> None:
    outputs = deploy(
        aws,
        {"Pool": {"Type": "AWS::Cognito::UserPool"}},
        {"Pool": {"Ref": "Pool"}, "Issuer": {"Fn::GetAtt": ["Pool", "ProviderURL"]}},
    )

    assert outputs["Issuer"] == f"https://cognito-idp.us-east-1.amazonaws.com/{outputs['Pool']}"


def test_a_generated_secret_has_only_the_characters_that_its_template_allows(aws: Clients) -> None:
    generate = {"PasswordLength": 200, "ExcludePunctuation": True, "ExcludeUppercase": True, "ExcludeCharacters": "0l"}
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generate}}

    outputs = deploy(aws, {"Secret": secret}, {"Secret": {"Ref": "Secret"}})

    value = aws["secretsmanager"].get_secret_value(SecretId=outputs["Secret"])["SecretString"]
    assert len(value) == 200
    assert set(value) <= set("abcdefghijkmnopqrstuvwxyz123456789")


def test_an_http_api_answers_preflight_requests_as_its_template_allows(aws: Clients) -> None:
    cors = {"AllowOrigins": ["http://studio.example"], "AllowMethods": ["POST"], "AllowHeaders": ["authorization"]}
    api = {"Name": "api", "ProtocolType": "HTTP", "CorsConfiguration": cors}
    stage = {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True}
    outputs = deploy(
        aws,
        {
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": api},
            "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
        },
        {"Api": {"Ref": "Api"}},
    )
    headers = {"Origin": "http://studio.example", "Access-Control-Request-Method": "POST"}
    url = f"{aws.endpoint}/_aws/execute-api/{outputs['Api']}/v1/jobs"

    response = httpx.options(url, headers=headers, trust_env=False)

    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "http://studio.example"


def test_dead_letters_are_moved_back_to_the_queue_that_they_came_from(aws: Clients) -> None:
    sqs = aws["sqs"]
    queue, dead = (sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"] for _ in range(2))
    queue_arn, dead_arn = (
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for url in (queue, dead)
    )

    def received(url: str, hidden_s: int = 30) -> list[tuple[str, str]]:
        answer = sqs.receive_message(
            QueueUrl=url, VisibilityTimeout=hidden_s, AttributeNames=["All"], MaxNumberOfMessages=10
        )
        return [(each["Body"], each["Attributes"]["ApproximateReceiveCount"]) for each in answer.get("Messages", [])]

    def last_move() -> dict[str, Any]:
        move: dict[str, Any] = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"][0]
        return move

    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=dead_arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        sqs.start_message_move_task(SourceArn=f"{dead_arn}-of-nobody")
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    for body in ("first", "second"):
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="maker")
    assert received(queue, hidden_s=0) == [("first", "1"), ("second", "1")]
    assert received(queue) == []
    assert len(received(dead, hidden_s=0)) == 2

    assert sqs.start_message_move_task(SourceArn=dead_arn)["TaskHandle"]

    assert (last_move()["Status"], last_move()["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 2)
    assert received(dead) == []
    assert received(queue) == [("first", "1"), ("second", "1")]

    sqs.send_message(QueueUrl=dead, MessageBody="sent here by hand")
    sqs.start_message_move_task(SourceArn=dead_arn)
    assert (last_move()["Status"], last_move()["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert len(received(dead, hidden_s=0)) == 1

    sqs.start_message_move_task(SourceArn=dead_arn, DestinationArn=queue_arn)
    assert received(dead) == []
    assert received(queue) == [("sent here by hand", "1")]


def test_an_asynchronous_invocation_waits_until_its_function_is_throttled_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    throttled, done = {"throttle": True, "error": True}, {"body": "done"}
    answers = iter([throttled] * 9)
    monkeypatch.setattr(throttles, "_execute_function", lambda *_: next(answers, done))
    monkeypatch.setattr(throttles, "FIRST_RETRY_DELAY_S", 0.0)
    function = {"config": {"FunctionName": "f"}}
    short_of_time = function | {"event_invoke_config": {"MaximumEventAgeInSeconds": 0}}

    assert throttles.execute_function(function, {}) == throttled  # its caller waits for a response
    monkeypatch.setattr(throttles, "_asynchronous", contextvars.ContextVar("asynchronous", default=True))
    assert throttles.execute_function(short_of_time, {}) == throttled
    assert throttles.execute_function(function, {}) == done


def test_a_batch_response_has_at_most_16_mb(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [{"id": {"S": name}} for name in ("1", "2", "3")]
    name = f"table-{uuid.uuid4().hex[:8]}"
    dynamodb._create_table(
        {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        }
    )
    for key in keys:
        dynamodb._put_item({"TableName": name, "Item": {**key, "data": {"S": "x" * 1000}}})
    monkeypatch.setattr(batches, "MAX_RESPONSE_BYTES", 2500)

    status, _, body = batches.extend_batch_get(dynamodb._batch_get_item)({"RequestItems": {name: {"Keys": keys}}})

    answer = json.loads(body)
    assert status == 200
    assert [item["id"] for item in answer["Responses"][name]] == [key["id"] for key in keys[:2]]
    assert answer["UnprocessedKeys"] == {name: {"Keys": keys[2:]}}


def test_a_service_is_recognized_without_the_models_of_all_services(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(router, "_is_aws_service_name", service_names.is_service_name)
    monkeypatch.setattr(router, "_KNOWN_AWS_SERVICE_NAMES", None)
    monkeypatch.setattr(Session, "get_available_services", lambda _: ["s3vectors"])
    monkeypatch.setattr(Session, "get_service_model", lambda _, name: read.append(name))

    def detect(scope: str) -> str:
        signature = f"AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/{scope}/aws4_request"
        return str(router.detect_service("POST", "/QueryVectors", {"authorization": signature}, {}))

    assert detect("s3vectors") == "s3vectors"
    assert read == []
    assert detect("nothing") == "s3"  # as the emulator treats a name that no service has
    assert read == ["s3vectors"]
