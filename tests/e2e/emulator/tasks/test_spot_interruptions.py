"""Spot interruptions of the emulator: the warning, and the end of the instance after the notice."""

import signal
import time
from typing import Any

import httpx
import pytest

from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.state import StateDir
from tests.e2e.emulator.tasks.ecs import Events, describe, process_of_task, said, task_definition
from tests.e2e.emulator.test_patches import deploy
from tests.e2e.front_end import HTTP
from tests.e2e.waiting import eventually

# A task that ignores SIGTERM is killed after its grace, which is longer than any of these tests waits.
NOTICE_S, GRACE_S = 2.0, 3600
WARNINGS = {"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"]}


@pytest.fixture(scope="module")
def providers(aws: Clients) -> dict[str, str]:
    """A capacity provider of spot instances, and one of instances on demand."""
    resources: dict[str, Any] = {}
    for name, percent in (("Spot", 0), ("OnDemand", 100)):
        distribution = {"OnDemandPercentageAboveBaseCapacity": percent}
        policy = {"InstancesDistribution": distribution, "LaunchTemplate": {"LaunchTemplateSpecification": {}}}
        resources[f"{name}Group"] = {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "Properties": {"MinSize": "0", "MaxSize": "9", "MixedInstancesPolicy": policy},
        }
        resources[name] = {
            "Type": "AWS::ECS::CapacityProvider",
            "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": {"Ref": f"{name}Group"}}},
        }
    return deploy(aws, resources, {name: {"Ref": name} for name in ("Spot", "OnDemand")})


def launch(aws: Clients, image: str, provider: str) -> str:
    """The ARN of a running task."""
    definition = task_definition(aws, image, stopTimeout=GRACE_S)
    run = aws["ecs"].run_task(taskDefinition=definition, capacityProviderStrategy=[{"capacityProvider": provider}])
    arn = str(run["tasks"][0]["taskArn"])
    eventually(lambda: describe(aws, arn)["lastStatus"] == "RUNNING")
    return arn


def interrupt(aws: Clients, **body: Any) -> httpx.Response:
    return HTTP.post(f"{aws.endpoint}/_local_cloud/spot-interruptions", json=body)


def test_an_interruption_is_a_warning_and_then_the_end_of_the_instance(
    aws: Clients, emulator_state: StateDir, providers: dict[str, str]
) -> None:
    events = Events(aws, WARNINGS)
    arn = launch(aws, "stubborn", providers["Spot"])
    said(process_of_task(emulator_state, arn).log)

    noticed = time.monotonic()
    answer = interrupt(aws, task=arn.rpartition("/")[2], notice_s=NOTICE_S)
    [warning] = eventually(events.receive)
    eventually(lambda: describe(aws, arn)["lastStatus"] == "STOPPED")

    stopped = describe(aws, arn)
    assert (answer.status_code, answer.json()["task"]) == (202, arn)
    assert warning["detail"] == {"instance-id": answer.json()["instance"], "instance-action": "terminate"}
    assert time.monotonic() - noticed >= NOTICE_S  # the warning itself stops nothing
    assert stopped["stopCode"] == "TerminationNotice"
    assert stopped["stoppedReason"] == f"Host EC2 (instance {answer.json()['instance']}) terminated."
    assert stopped["containers"][0]["exitCode"] == 128 + signal.SIGKILL


def test_a_task_that_still_stops_ends_with_its_instance(
    aws: Clients, emulator_state: StateDir, providers: dict[str, str]
) -> None:
    arn = launch(aws, "stubborn", providers["Spot"])
    said(process_of_task(emulator_state, arn).log)

    aws["ecs"].stop_task(task=arn, reason="the instance drains")
    interrupt(aws, task=arn.rpartition("/")[2], notice_s=NOTICE_S)
    eventually(lambda: describe(aws, arn)["lastStatus"] == "STOPPED")

    stopped = describe(aws, arn)
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "the instance drains")
    assert stopped["containers"][0]["exitCode"] == 128 + signal.SIGKILL


def test_only_a_running_task_on_spot_can_be_interrupted(aws: Clients, providers: dict[str, str]) -> None:
    arn = launch(aws, "idle", providers["OnDemand"])
    task = arn.rpartition("/")[2]

    answers = [interrupt(aws, task=task, notice_s=1), interrupt(aws, task="unknown", notice_s=1), interrupt(aws)]

    assert [answer.status_code for answer in answers] == [409, 409, 400]
    assert "not run on a spot instance" in answers[0].json()["message"]
    assert HTTP.get(f"{aws.endpoint}/_local_cloud/spot-interruptions").status_code == 405
    assert describe(aws, arn)["lastStatus"] == "RUNNING"
    aws["ecs"].stop_task(task=arn)
