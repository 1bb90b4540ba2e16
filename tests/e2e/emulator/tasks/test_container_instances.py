"""Container instances of the emulator: each task has its own EC2 instance."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.tasks.ecs import delete, describe, running_task, service, task_definition, tasks_of
from tests.e2e.emulator.test_patches import deploy
from tests.e2e.waiting import eventually

TYPES = ["g6.xlarge", "g5.xlarge"]


def instance_of(aws: Clients, task: dict[str, Any]) -> dict[str, Any]:
    [instance] = aws["ecs"].describe_container_instances(containerInstances=[task["containerInstanceArn"]])[
        "containerInstances"
    ]
    return dict(instance)


def attributes(instance: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in instance["attributes"]}


def test_a_task_is_found_by_its_ec2_instance_and_its_instance_ends_with_it(aws: Clients) -> None:
    name = service(aws, "idle", desired=2)
    eventually(lambda: [task["lastStatus"] for task in tasks_of(aws, name)] == ["RUNNING"] * 2)
    first, second = tasks_of(aws, name)
    instance, other = instance_of(aws, first), instance_of(aws, second)
    one = f"ec2InstanceId == {instance['ec2InstanceId']}"
    both = f"ec2InstanceId in ['{instance['ec2InstanceId']}', '{other['ec2InstanceId']}']"

    def found(expression: str) -> list[str]:
        return list(aws["ecs"].list_container_instances(filter=expression)["containerInstanceArns"])

    assert found(one) == [first["containerInstanceArn"]]
    assert {*found(both)} == {first["containerInstanceArn"], second["containerInstanceArn"]}
    assert found("ec2InstanceId == i-0") == []
    assert (instance["status"], instance["agentConnected"], instance["runningTasksCount"]) == ("ACTIVE", True, 1)
    assert attributes(instance)["ecs.availability-zone"] == first["availabilityZone"]
    with pytest.raises(ClientError, match="InvalidParameterException"):
        found("agentVersion > 1")

    delete(aws, name)
    eventually(lambda: found(both) == [])
    answer = aws["ecs"].describe_container_instances(containerInstances=[first["containerInstanceArn"]])
    assert answer["failures"] == [{"arn": first["containerInstanceArn"], "reason": "MISSING"}]


def test_an_instance_has_a_type_of_its_capacity_provider_and_the_zone_of_a_subnet(aws: Clients) -> None:
    overrides = [{"InstanceType": kind} for kind in TYPES]
    group = {
        "MinSize": "0",
        "MaxSize": "2",
        "MixedInstancesPolicy": {"LaunchTemplate": {"LaunchTemplateSpecification": {}, "Overrides": overrides}},
    }
    vpc = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}}}
    subnets = {
        f"Subnet{number}": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.9.{number}.0/24", "AvailabilityZone": zone},
        }
        for number, zone in enumerate(["us-east-1c", "us-east-1d"])
    }
    outputs = deploy(
        aws,
        {
            **vpc,
            **subnets,
            "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": group},
            "Provider": {
                "Type": "AWS::ECS::CapacityProvider",
                "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": {"Ref": "Group"}}},
            },
        },
        {"Provider": {"Ref": "Provider"}, **{name: {"Ref": name} for name in subnets}},
    )
    placed = aws["ecs"].run_task(
        taskDefinition=task_definition(aws, "idle"),
        capacityProviderStrategy=[{"capacityProvider": outputs["Provider"]}],
        count=2,
        networkConfiguration={"awsvpcConfiguration": {"subnets": [outputs[name] for name in subnets]}},
    )["tasks"]
    arns = [task["taskArn"] for task in placed]
    eventually(lambda: all(describe(aws, arn)["lastStatus"] in ("ACTIVATING", "RUNNING") for arn in arns))
    tasks = [describe(aws, arn) for arn in arns]

    instances = [instance_of(aws, task) for task in tasks]

    assert {*(attributes(each)["ecs.availability-zone"] for each in instances)} == {"us-east-1c", "us-east-1d"}
    assert {*(attributes(each)["ecs.instance-type"] for each in instances)} <= {*TYPES}
    assert {each["capacityProviderName"] for each in instances} == {outputs["Provider"]}
    for arn in arns:
        aws["ecs"].stop_task(task=arn)


@pytest.mark.parametrize(("least_percent", "stops"), [(0, True), (50, False), (100, False)])
def test_a_draining_instance_loses_its_service_s_task_only_as_the_minimum_healthy_percent_allows(
    aws: Clients, least_percent: int, stops: bool
) -> None:
    name = service(aws, "idle", least_percent=least_percent)
    task = running_task(aws, name)
    reference = {"containerInstances": [task["containerInstanceArn"]]}

    [drained] = aws["ecs"].update_container_instances_state(**reference, status="DRAINING")["containerInstances"]

    assert drained["status"] == "DRAINING"
    assert (describe(aws, task["taskArn"])["desiredStatus"] == "STOPPED") is stops
    if stops:
        assert describe(aws, task["taskArn"])["stopCode"] == "ServiceSchedulerInitiated"
        assert running_task(aws, name)["taskArn"] != task["taskArn"]
    delete(aws, name)


def test_a_draining_instance_keeps_a_task_of_no_service(aws: Clients) -> None:
    arn = aws["ecs"].run_task(taskDefinition=task_definition(aws, "idle"))["tasks"][0]["taskArn"]
    eventually(lambda: describe(aws, arn)["lastStatus"] == "RUNNING")
    instance = describe(aws, arn)["containerInstanceArn"]

    aws["ecs"].update_container_instances_state(containerInstances=[instance], status="DRAINING")

    assert describe(aws, arn)["desiredStatus"] == "RUNNING"
    assert aws["ecs"].list_container_instances(status="DRAINING")["containerInstanceArns"] == [instance]
    aws["ecs"].stop_task(task=arn)
