"""The contract of the remaining patches, and the guard that each of them has."""

import dataclasses
import json
import uuid
from typing import Any, cast

import httpx
import pytest

from local_cloud.aws_clients import Clients
from local_cloud.emulator.patches import all_patches
from local_cloud.emulator.patching import EmulatorChanged, Patch, Target, apply_all
from local_cloud.emulator.task_processes import TaskProcesses
from tests.e2e.waiting import eventually

PATCHES = all_patches(cast(TaskProcesses, None))
TARGETS = [(patch, target) for patch in PATCHES for target in patch.targets]


def change(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put what another release might have in the place of the target."""
    if isinstance(target.owner, dict):
        monkeypatch.setitem(target.owner, target.name, "another release's")
    else:
        monkeypatch.setattr(target.owner, target.name, lambda: "another release's")


def deploy(aws: Clients, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> dict[str, str]:
    """Create a stack of these resources; answers its outputs."""
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
    watched = [
        dataclasses.replace(patch, apply=lambda name=patch.name: applied.append(name))  # type: ignore[misc]
        for patch in PATCHES
    ]
    last = PATCHES[-1].targets[-1]
    change(last, monkeypatch)

    with pytest.raises(EmulatorChanged, match=last.name):
        apply_all(watched)

    assert applied == []


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


def test_a_user_pool_tells_the_issuer_of_its_tokens(aws: Clients) -> None:
    outputs = deploy(
        aws,
        {"Pool": {"Type": "AWS::Cognito::UserPool"}},
        {"Pool": {"Ref": "Pool"}, "Issuer": {"Fn::GetAtt": ["Pool", "ProviderURL"]}},
    )

    assert outputs["Issuer"] == f"https://cognito-idp.us-east-1.amazonaws.com/{outputs['Pool']}"


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
    asked = {"Origin": "http://studio.example", "Access-Control-Request-Method": "POST"}

    answer = httpx.options(f"{aws.endpoint}/_aws/execute-api/{outputs['Api']}/v1/jobs", headers=asked, trust_env=False)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "http://studio.example"


def test_an_alarm_over_several_metrics_is_made_and_described(aws: Clients) -> None:
    def metric(name: str) -> dict[str, Any]:
        stat = {"Metric": {"Namespace": "Tests", "MetricName": name}, "Period": 300, "Stat": "Sum"}
        return {"Id": name, "MetricStat": stat, "ReturnData": False}

    name = f"alarm-{uuid.uuid4().hex[:8]}"
    properties = {
        "AlarmName": name,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 3,
        "Threshold": 0,
        "TreatMissingData": "notBreaching",
        "Metrics": [{"Id": "missing", "Expression": "wanted - there"}, metric("wanted"), metric("there")],
    }
    deploy(aws, {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}})

    [alarm] = aws["cloudwatch"].describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (0, 3)
    assert alarm["StateValue"] != "ALARM"
