"""GPU instances and the tasks on them."""

import re
from collections.abc import Mapping
from typing import Any

from cdk_app.gpu.worker import USER
from cdk_app.stages.values import DEV
from tests.stacks.conftest import ROOT
from tests.stacks.synthesis import Synthesis, actions

POOLS = tuple(DEV.pools)  # those of every stage


def test_spot_chooses_among_three_families_by_price_and_capacity(synthesis: Synthesis) -> None:
    spots = [group for group in mixtures(synthesis) if on_demand_percentage(group) == 0]

    assert len(spots) == len(POOLS)
    for spot in spots:
        families = {override["InstanceType"].partition(".")[0] for override in spot["LaunchTemplate"]["Overrides"]}
        assert len(families) >= 3
        assert spot["InstancesDistribution"]["SpotAllocationStrategy"] == "price-capacity-optimized"


def test_on_demand_capacity_is_all_on_demand(synthesis: Synthesis) -> None:
    assert sorted(on_demand_percentage(group) for group in mixtures(synthesis)) == [
        *[0] * len(POOLS),
        *[100] * len(POOLS),
    ]


def test_instances_drain_on_a_spot_notice_and_guard_their_credentials(synthesis: Synthesis) -> None:
    templates = synthesis.properties("AWS::EC2::LaunchTemplate")

    assert len(templates) == 2 * len(POOLS)
    for template in templates:
        script = template["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Join"][1][0]
        assert "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true" in script
        assert "ECS_AWSVPC_BLOCK_IMDS=true" in script
        assert template["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"
        assert template["LaunchTemplateData"]["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True


def test_an_instance_may_set_itself_to_draining_in_its_own_cluster(synthesis: Synthesis) -> None:
    instances = [
        statement
        for role in synthesis.of_type("AWS::IAM::Role")
        if "Gpu" in role and "InstanceRole" in role
        for statement in synthesis.statements_of(role.partition("/")[2])
        if "ecs:UpdateContainerInstancesState" in actions(statement)
    ]

    [cluster] = [name.partition("/")[2] for name in synthesis.of_type("AWS::ECS::Cluster")]
    assert len(instances) == 2 * len(POOLS)
    for statement in instances:
        assert actions(statement) == ["ecs:UpdateContainerInstancesState"]
        assert statement["Condition"] == {"ArnEquals": {"ecs:cluster": {"Fn::GetAtt": [cluster, "Arn"]}}}
        assert statement["Resource"]["Fn::Join"][1][-3:] == [":container-instance/", {"Ref": cluster}, "/*"]


def test_ecs_scales_drains_and_protects_its_instances(synthesis: Synthesis) -> None:
    for provider in synthesis.properties("AWS::ECS::CapacityProvider"):
        group = provider["AutoScalingGroupProvider"]
        scaling = {"Status": "ENABLED", "TargetCapacity": 100, "MinimumScalingStepSize": 1, "InstanceWarmupPeriod": 60}
        assert group["ManagedScaling"] == scaling
        assert group["ManagedTerminationProtection"] == "ENABLED"
        assert group["ManagedDraining"] == "ENABLED"
    assert all(
        each["NewInstancesProtectedFromScaleIn"] for each in synthesis.properties("AWS::AutoScaling::AutoScalingGroup")
    )


def test_task_has_one_gpu_an_init_process_and_time_to_stop(synthesis: Synthesis) -> None:
    for task in (*synthesis.workers.values(), synthesis.trainer):
        (worker,) = task["ContainerDefinitions"]
        assert task["NetworkMode"] == "awsvpc"
        assert worker["ResourceRequirements"] == [{"Type": "GPU", "Value": "1"}]
        assert worker["LinuxParameters"]["InitProcessEnabled"] is True
        assert worker["StopTimeout"] <= 90  # drained 100 s after a notice, which takes up to 10 s to arrive
        assert worker["LogConfiguration"]["LogDriver"] == "awslogs"


def test_launches_name_the_revision_that_the_services_ran_first(synthesis: Synthesis) -> None:
    [machine] = [
        each
        for name, each in synthesis.of_type("AWS::StepFunctions::StateMachine").items()
        if name.startswith("Rendering/") and each["Properties"].get("StateMachineType") != "EXPRESS"
    ]
    services = {name.partition("/")[2] for name in synthesis.of_type("AWS::ECS::Service")}
    assert services <= set(machine["DependsOn"])

    launches = [*synthesis.batch_states.values(), *synthesis.training_machine["States"].values()]
    named = [each["Arguments"]["TaskDefinition"] for each in launches if "ecs:runTask" in str(each.get("Resource"))]
    assert named
    for name in named:
        family, _, revision = name.partition(":")
        task, part = revision.split("[")
        [definition] = [
            each
            for logical_id, each in synthesis.of_type("AWS::ECS::TaskDefinition").items()
            if logical_id.partition("/")[2] == task
        ]
        assert part == "6]"  # the seventh part of an ARN of a task definition, between colons, is its revision
        assert definition["Properties"]["Family"] == family


def test_an_update_keeps_the_revisions_that_running_executions_launch(synthesis: Synthesis) -> None:
    for definition in synthesis.of_type("AWS::ECS::TaskDefinition").values():
        assert (definition["UpdateReplacePolicy"], definition["DeletionPolicy"]) == ("Retain", "Delete")


def test_task_families_of_two_stages_in_one_account_differ(dev: Synthesis, prod: Synthesis) -> None:
    families = {task["Family"] for stage in (dev, prod) for task in stage.properties("AWS::ECS::TaskDefinition")}

    assert families == {
        f"Craftspark-{stage}-{task}"
        for stage in ("Dev", "Prod")
        for task in (*(f"Rendering-{pool.capitalize()}" for pool in POOLS), "Training-Trainer")
    }


def test_cloud_runs_the_repositorys_image_and_a_laptop_its_own(dev: Synthesis, local: Synthesis) -> None:
    for stage, image in ((dev, "GpuImages"), (local, "craftspark-gpu:local")):
        for task in (*stage.workers.values(), stage.trainer):
            assert image in str(task["ContainerDefinitions"][0]["Image"])


def test_image_is_pinned_and_runs_as_the_tasks_user() -> None:
    dockerfile = (ROOT / "gpu_tasks" / "Dockerfile").read_text()

    bases = re.findall(r"^FROM (\S+)$", dockerfile, re.MULTILINE)
    assert bases
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", base) for base in bases)
    assert f"USER {USER}\n" in dockerfile
    assert USER.split(":")[0] != "0"


def test_warm_pools_take_back_a_bad_deployment(synthesis: Synthesis) -> None:
    services = synthesis.properties("AWS::ECS::Service")

    assert len(services) == 2 * len(POOLS)
    for service in services:
        deployment = service["DeploymentConfiguration"]
        assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
        # One task can be replaced: there is capacity for a second one, or the minimum is none.
        assert deployment["MaximumPercent"] >= 200 or deployment["MinimumHealthyPercent"] == 0


def test_spot_workers_stop_before_their_replacements_run_and_nothing_moves_them_between_zones(
    synthesis: Synthesis,
) -> None:
    services = synthesis.of_type("AWS::ECS::Service")

    for name, service in services.items():
        on_spot = "Spot" in name
        deployment = service["Properties"]["DeploymentConfiguration"]
        assert deployment["MinimumHealthyPercent"] == (0 if on_spot else 50)
        assert service["Properties"]["AvailabilityZoneRebalancing"] == "DISABLED"
    assert sum("Spot" in name for name in services) == len(POOLS)


def test_warm_pools_wait_until_the_cluster_has_its_capacity(synthesis: Synthesis) -> None:
    (link,) = synthesis.of_type("AWS::ECS::ClusterCapacityProviderAssociations")

    for service in synthesis.of_type("AWS::ECS::Service").values():
        assert link.partition("/")[2] in service["DependsOn"]


def mixtures(synthesis: Synthesis) -> list[Mapping[str, Any]]:
    """The instance types of each group."""
    return [group["MixedInstancesPolicy"] for group in synthesis.properties("AWS::AutoScaling::AutoScalingGroup")]


def on_demand_percentage(mixture: Mapping[str, Any]) -> int:
    return int(mixture["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"])
