"""Zones of the emulator without spot capacity: launches fail there, are tried in other zones, and wait."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from craftspark.aws.fleet.launch_events import read_failed_launch
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.ecs import Events, describe, task_definition
from tests.e2e.test_emulator_patches import deploy
from tests.e2e.waiting import eventually

ZONES = ("us-east-1c", "us-east-1d")
FAILED = {"source": ["aws.autoscaling"], "detail-type": ["EC2 Instance Launch Unsuccessful"]}


@pytest.fixture(scope="module")
def places(aws: Clients) -> dict[str, str]:
    """A subnet in each zone, and capacity providers of spot and of on-demand instances there."""
    resources: dict[str, Any] = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.8.0.0/16"}}}
    for number, zone in enumerate(ZONES):
        subnet = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.8.{number}.0/24", "AvailabilityZone": zone}
        resources[f"Subnet{number}"] = {"Type": "AWS::EC2::Subnet", "Properties": subnet}
    for name, percent in (("Spot", 0), ("OnDemand", 100)):
        distribution = {"OnDemandPercentageAboveBaseCapacity": percent}
        group = {
            "MinSize": "0",
            "MaxSize": "9",
            "VPCZoneIdentifier": [{"Ref": "Subnet0"}, {"Ref": "Subnet1"}],
            "MixedInstancesPolicy": {
                "InstancesDistribution": distribution,
                "LaunchTemplate": {"LaunchTemplateSpecification": {}},
            },
        }
        resources[f"{name}Group"] = {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": group}
        resources[name] = {
            "Type": "AWS::ECS::CapacityProvider",
            "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": {"Ref": f"{name}Group"}}},
        }
    names = ("Subnet0", "Subnet1", "Spot", "SpotGroup", "OnDemand")
    return deploy(aws, resources, {name: {"Ref": name} for name in names})


@pytest.fixture(autouse=True)
def capacity_returns(aws: Clients) -> Iterator[None]:
    yield
    for zone in ZONES:
        set_available(aws, zone, True)


def set_available(aws: Clients, zone: str, available: bool) -> list[str]:
    answer = httpx.post(f"{aws.endpoint}/_local_cloud/spot-capacity", json={"zone": zone, "available": available})
    assert answer.status_code == 200
    return list(answer.json()["without_capacity"])


def launch(aws: Clients, places: dict[str, str], capacity: str) -> str:
    """The ARN of a task whose request names the first zone."""
    run = aws["ecs"].run_task(
        taskDefinition=task_definition(aws, "idle"),
        capacityProviderStrategy=[{"capacityProvider": places[capacity]}],
        networkConfiguration={"awsvpcConfiguration": {"subnets": [places["Subnet0"]]}},
    )
    return str(run["tasks"][0]["taskArn"])


def runs(aws: Clients, arn: str) -> str:
    """The zone of a task, as soon as it runs."""
    eventually(lambda: describe(aws, arn)["lastStatus"] == "RUNNING")
    return str(describe(aws, arn)["availabilityZone"])


def test_a_launch_that_fails_in_one_zone_is_an_event_and_works_in_another(aws: Clients, places: dict[str, str]) -> None:
    events = Events(aws, FAILED)
    assert set_available(aws, ZONES[0], False) == [ZONES[0]]

    spot, on_demand = launch(aws, places, "Spot"), launch(aws, places, "OnDemand")

    assert (runs(aws, spot), runs(aws, on_demand)) == (ZONES[1], ZONES[0])
    [event] = eventually(events.receive)
    failed = read_failed_launch(event)
    assert (failed.event_id, failed.group, failed.zone) == (event["id"], places["SpotGroup"], ZONES[0])
    assert "no Spot capacity" in failed.reason
    assert event["detail"]["Details"]["Subnet ID"] == places["Subnet0"]
    for arn in (spot, on_demand):
        aws["ecs"].stop_task(task=arn)


def test_a_task_waits_in_provisioning_until_a_zone_has_capacity_or_it_is_stopped(
    aws: Clients, places: dict[str, str]
) -> None:
    events = Events(aws, FAILED)
    for zone in ZONES:
        set_available(aws, zone, False)

    waiting, stopped = launch(aws, places, "Spot"), launch(aws, places, "Spot")
    eventually(lambda: len(events.receive()) >= 4)  # each task in each zone
    states = [describe(aws, arn)["lastStatus"] for arn in (waiting, stopped)]
    aws["ecs"].stop_task(task=stopped)
    set_available(aws, ZONES[1], True)

    assert states == ["PROVISIONING"] * 2
    assert runs(aws, waiting) == ZONES[1]
    assert describe(aws, stopped)["lastStatus"] == "STOPPED"
    aws["ecs"].stop_task(task=waiting)


def test_a_request_needs_a_zone_and_whether_it_has_capacity(aws: Clients) -> None:
    for body in ({}, {"zone": ZONES[0]}, {"zone": 1, "available": True}, {"zone": ZONES[0], "available": "no"}, [1]):
        answer = httpx.post(f"{aws.endpoint}/_local_cloud/spot-capacity", json=body)
        assert answer.status_code == 400
