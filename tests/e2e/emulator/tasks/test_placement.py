"""Tasks of the emulator wait until a zone, their group and an instance type have room for them."""

import json
import time
from typing import Any

import pytest
from ministack.services import ecs

from craftspark.aws.fleet.launch_events import read_failed_launch
from local_cloud.alarms import end_minute
from local_cloud.emulator.patches.ecs import managed_scaling
from local_cloud.emulator.tasks import placement
from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import Fault
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.metrics import metric_values
from tests.e2e.emulator.tasks.ecs import Events, describe, task_definition
from tests.e2e.emulator.test_patches import deploy
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
    for name, percent, size in (("Spot", 0, 9), ("OnDemand", 100, 9), ("Small", 100, 1)):
        group = {
            "MinSize": "0",
            "MaxSize": str(size),
            "VPCZoneIdentifier": [{"Ref": "Subnet0"}, {"Ref": "Subnet1"}],
            "MixedInstancesPolicy": {
                "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": percent},
                "LaunchTemplate": {"LaunchTemplateSpecification": {}, "Overrides": [{"InstanceType": "g6.xlarge"}]},
            },
        }
        provider = {"AutoScalingGroupArn": {"Ref": f"{name}Group"}, "ManagedScaling": {"Status": "ENABLED"}}
        resources[f"{name}Group"] = {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": group}
        resources[name] = {
            "Type": "AWS::ECS::CapacityProvider",
            "Properties": {"AutoScalingGroupProvider": provider},
        }
    names = ("Subnet0", "Subnet1", "Spot", "SpotGroup", "OnDemand", "Small")
    made = deploy(aws, resources, {name: {"Ref": name} for name in names})
    providers = [made[name] for name in ("Spot", "OnDemand", "Small")]
    aws["ecs"].create_cluster()
    aws["ecs"].put_cluster_capacity_providers(
        cluster="default", capacityProviders=providers, defaultCapacityProviderStrategy=[]
    )
    return made


@pytest.fixture
def faults(aws: Clients) -> FaultSwitch:
    return FaultSwitch(aws.endpoint)


def lost(zone: str) -> Fault:
    """No spot instance can be launched in the zone."""
    return Fault("zone", f"{zone}/spot", share=1.0)


def launch(aws: Clients, places: dict[str, str], capacity: str, **container: Any) -> str:
    """The ARN of a task whose request names the first zone."""
    run = aws["ecs"].run_task(
        taskDefinition=task_definition(aws, "idle", **container),
        capacityProviderStrategy=[{"capacityProvider": places[capacity]}],
        networkConfiguration={"awsvpcConfiguration": {"subnets": [places["Subnet0"]]}},
    )
    return str(run["tasks"][0]["taskArn"])


def runs(aws: Clients, arn: str) -> str:
    """The zone of a task, as soon as it runs."""
    eventually(lambda: describe(aws, arn)["lastStatus"] == "RUNNING")
    return str(describe(aws, arn)["availabilityZone"])


def test_a_launch_that_fails_in_one_zone_is_an_event_and_works_in_another(
    aws: Clients, places: dict[str, str], faults: FaultSwitch
) -> None:
    events = Events(aws, FAILED)

    with faults.under(lost(ZONES[0])):
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
    aws: Clients, places: dict[str, str], faults: FaultSwitch
) -> None:
    events = Events(aws, FAILED)

    with faults.under(*map(lost, ZONES)):
        waiting, stopped = launch(aws, places, "Spot"), launch(aws, places, "Spot")
        eventually(lambda: len(events.receive()) >= 4)  # each task in each zone
        states = [describe(aws, arn)["lastStatus"] for arn in (waiting, stopped)]
        aws["ecs"].stop_task(task=stopped)

    assert states == ["PROVISIONING"] * 2
    assert runs(aws, waiting) in ZONES
    assert describe(aws, stopped)["lastStatus"] == "STOPPED"
    aws["ecs"].stop_task(task=waiting)


def reserved(aws: Clients, provider: str) -> float:
    """What the provider reports at the end of a minute, in percent. Another minute may end meanwhile."""
    name = ("AWS/ECS/ManagedScaling", "CapacityProviderReservation")
    dimensions = {"CapacityProviderName": provider, "ClusterName": "default"}
    before = metric_values(aws, *name, dimensions)
    end_minute(aws.endpoint)
    after = metric_values(aws, *name, dimensions)
    return (after.total - before.total) / (after.samples - before.samples)


def test_a_task_waits_while_its_group_has_its_maximum_size_and_its_provider_says_so(
    aws: Clients, places: dict[str, str]
) -> None:
    first = launch(aws, places, "Small")
    assert runs(aws, first)
    second = launch(aws, places, "Small")

    assert reserved(aws, places["Small"]) == 200
    assert describe(aws, second)["lastStatus"] == "PROVISIONING"
    aws["ecs"].stop_task(task=first)
    assert runs(aws, second)
    aws["ecs"].stop_task(task=second)


@pytest.mark.parametrize(
    "container", [{"cpu": 4097}, {"memory": 16 * 1024}, {"resourceRequirements": [{"type": "GPU", "value": "2"}]}]
)
def test_a_task_that_the_smallest_instance_type_cannot_hold_waits_and_reserves_nothing(
    aws: Clients, places: dict[str, str], container: dict[str, Any]
) -> None:
    task = launch(aws, places, "OnDemand", **container)

    assert reserved(aws, places["OnDemand"]) == 100
    assert describe(aws, task)["lastStatus"] == "PROVISIONING"
    aws["ecs"].stop_task(task=task)
    assert describe(aws, task)["stopCode"] == "UserInitiated"


def test_a_task_that_waits_for_too_long_stops_with_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "MAX_WAIT_S", -1.0)
    monkeypatch.setattr(placement, "find_shortage", lambda task: "MEMORY")

    with pytest.raises(placement.NotPlaced, match="RESOURCE:MEMORY"):
        placement.place({}, lambda: True)


def test_a_cluster_takes_500_tasks_that_wait_for_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"clusterArn": "it", "lastStatus": "PROVISIONING", "capacityProviderName": "spot"}
    tasks = {str(number): task for number in range(499)}
    monkeypatch.setattr(ecs, "_clusters", {"default": {"clusterArn": "it"}})
    monkeypatch.setattr(ecs, "_tasks", tasks)
    run_task = managed_scaling.extend_run(lambda data: (200, {}, b"{}"))

    assert run_task({"count": 1})[0] == 200
    status, _, body = run_task({"count": 2})
    assert (status, json.loads(body)["__type"]) == (400, "ClientException")
    assert "Tasks provisioning capacity limit exceeded." in json.loads(body)["message"]
    assert run_task({"count": 2, "group": "service:warm"})[0] == 200  # the scheduler of a service waits


def test_a_delayed_launch_is_late(aws: Clients, places: dict[str, str], faults: FaultSwitch) -> None:
    began = time.monotonic()
    with faults.under(Fault("delay", placement.LAUNCH, share=1.0)):
        late = launch(aws, places, "Spot")
        eventually(lambda: faults.read()[0]["struck"] == 1)
    on_time = launch(aws, places, "Spot")

    assert runs(aws, on_time)
    is_waiting = describe(aws, late)["lastStatus"] == "PROVISIONING"
    assert is_waiting or time.monotonic() - began >= placement.LATE_S
    for arn in (late, on_time):
        aws["ecs"].stop_task(task=arn)
