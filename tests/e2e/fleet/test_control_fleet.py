"""The fleet's controller in the local cloud: its schedule, its decisions, and what a deployment keeps."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk_app.stages.values import LOCAL
from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.supply import PoolSupply
from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.conftest import IDLE
from tests.e2e.front_end import FrontEnd
from tests.e2e.waiting import eventually


@pytest.fixture(scope="module")
def idle(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud whose workers take no work. Its controller decides when a test says so."""
    commands = {"craftspark-gpu:local": IDLE}
    folder = tmp_path_factory.mktemp("idle")
    with LocalCloud.run(folder, port=0, commands=commands, assembly=assembly) as running:
        running.stop_controller()
        yield running


def read_record(cloud: LocalCloud) -> tuple[PoolDecision, PoolSupply] | None:
    """The last decision of the pool `draw`, and its supply."""
    answer = cloud.client("dynamodb").get_item(
        TableName=cloud.outputs["JobsTableName"], Key={"job_id": {"S": "workers:draw"}, "item": {"S": "fleet"}}
    )
    if "Item" not in answer:
        return None
    item = answer["Item"]
    return PoolDecision.parse(item["decision"]["S"]), PoolSupply.parse(item["supply"]["S"])


def read_desired(cloud: LocalCloud) -> int:
    """The desired tasks of the pool `draw` on spot."""
    services = [cloud.outputs["DrawWarmPoolServiceName"]]
    answer = cloud.client("ecs").describe_services(cluster=cloud.outputs["ClusterName"], services=services)
    return int(answer["services"][0]["desiredCount"])


def deploy_new_task(cloud: LocalCloud) -> None:
    """Update the stack with another definition of the pool's task, which changes its services."""
    cloudformation, stack = cloud.client("cloudformation"), LOCAL.name_stack("Rendering")
    template = cloudformation.get_template(StackName=stack)["TemplateBody"]
    resources = template["Resources"]
    [task] = [
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::ECS::TaskDefinition" and str(each["Properties"]["Family"]).endswith("-Draw")
    ]
    task["ContainerDefinitions"][0]["Environment"].append({"Name": "NEW", "Value": "1"})
    bucket, key = cloud.outputs["ModelsBucketName"], "template.json"
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(template))
    cloudformation.update_stack(
        StackName=stack, TemplateURL=f"{cloud.endpoint}/{bucket}/{key}", Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def test_waiting_work_starts_tasks(idle: LocalCloud) -> None:
    eventually(lambda: len(idle.workers()) == 1)
    front_end = FrontEnd(idle, idle.sign_in(f"{uuid.uuid4().hex}@craftspark.example"))
    for _ in range(6):
        front_end.accepted(count=8, steps=50)

    [schedule] = idle.client("events").list_targets_by_rule(Rule=idle.outputs["FleetRuleName"])["Targets"]
    idle.client("stepfunctions").start_execution(stateMachineArn=schedule["Arn"])

    # The stage's maxima are one task on spot and one on demand.
    def both_types() -> tuple[PoolDecision, PoolSupply] | None:
        found = read_record(idle)
        return found if found and found[0].on_demand else None

    found = eventually(both_types)
    assert found
    decision, supply = found
    assert (decision.spot, decision.on_demand) == (1, 1)
    assert decision.reason
    assert (supply.running, bool(supply.starting)) == (0, True)  # no worker has reported that it takes work
    eventually(lambda: len(idle.workers()) == 2)


def test_a_deployment_keeps_the_counts_that_were_set_last(idle: LocalCloud) -> None:
    """The template of the first deployment started one task."""
    idle.client("ssm").put_parameter(Name="/craftspark/local/desired/draw/spot", Value="0", Overwrite=True)
    idle.client("ecs").update_service(
        cluster=idle.outputs["ClusterName"], service=idle.outputs["DrawWarmPoolServiceName"], desiredCount=0
    )

    deploy_new_task(idle)

    assert read_desired(idle) == 0
