"""The fleet's controller and the services whose counts it sets."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cdk_app.stages.fleet import Fleet
from cdk_app.stages.prices import ON_DEMAND
from cdk_app.stages.values import DEV, DRAW, LOCAL, PROD
from craftspark.fleet.controller.pools import ControlledPools
from craftspark.models.gpus import gpu_of
from craftspark.settings.fleet import ControlSettings
from tests.stacks.synthesis import Synthesis, placeholder

STAGES = {"dev": DEV, "prod": PROD, "local": LOCAL}


def parameters_of(synthesis: Synthesis) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in synthesis.properties("AWS::SSM::Parameter")}


def settings_of(synthesis: Synthesis) -> ControlSettings:
    """The controller's settings, with a placeholder for each value that CloudFormation inserts."""
    variables: Mapping[str, Any] = synthesis.function("control_fleet")["Environment"]["Variables"]
    return ControlSettings.from_environment({name: _fill(value) for name, value in variables.items()})


def _fill(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(map(_fill, value["Fn::Join"][1]))
    return placeholder(value)


def test_a_deployment_keeps_the_counts_that_the_controller_has_set(synthesis: Synthesis) -> None:
    """A number in the template would replace a service's count with each new task definition. A service without one
    would start with one task.
    """
    counts = [each["DesiredCount"] for each in synthesis.properties("AWS::ECS::Service")]

    named = [count.removeprefix("{{resolve:ssm:").removesuffix("}}") for count in counts]
    assert sorted(named) == sorted(parameters_of(synthesis))
    # CloudFormation resolves a name before it creates a stack's resources, so the parameters are in an earlier stack.
    manifest = json.loads((synthesis.folder / "manifest.json").read_text())
    assert {name.partition("/")[0] for name in synthesis.of_type("AWS::SSM::Parameter")} == {"Data"}
    assert "Data" in manifest["artifacts"]["Rendering"]["dependencies"]


@pytest.mark.parametrize("name", STAGES)
def test_the_controller_sets_each_pool_s_counts_within_the_stage_s_values(
    name: str, request: pytest.FixtureRequest
) -> None:
    synthesis, stage = request.getfixturevalue(name), STAGES[name]
    settings = settings_of(synthesis)
    pools = ControlledPools.parse(settings.controlled_pools).pools

    assert (settings.cents_per_hour, settings.max_tasks) == (
        stage.fleet.dollars_per_hour * 100,
        stage.fleet.max_tasks,
    )
    assert [pool.name for pool in pools] == list(stage.pools)
    families = {each["Family"] for each in synthesis.workers.values()}
    assert {pool.family for pool in pools} == families
    placed = [each["AvailabilityZone"] for each in synthesis.properties("AWS::EC2::Subnet")]
    assert {zone for pool in pools for zone in pool.zones} == {*map(_fill, placed)}
    assert all(pool.instance_families == ("g6", "g5", "g4dn") for pool in pools)
    started = parameters_of(synthesis)
    for pool in pools:
        values = stage.pools[pool.name]
        assert (pool.spot.minimum, pool.spot.maximum) == (values.warm_spot_tasks, values.spot_instances)
        assert (pool.on_demand.minimum, pool.on_demand.maximum) == (
            values.warm_on_demand_tasks,
            values.on_demand_instances,
        )
        for service in (pool.spot, pool.on_demand):
            assert started[service.parameter] == str(service.minimum)
            assert service.service.startswith(f"Gpu{pool.name.capitalize()}Warm")
        assert 0 < pool.spot.price < pool.on_demand.price


@pytest.mark.parametrize("name", STAGES)
def test_a_training_has_an_instance_when_the_fleet_has_its_maximum(name: str, request: pytest.FixtureRequest) -> None:
    synthesis, stage = request.getfixturevalue(name), STAGES[name]
    groups = synthesis.of_type("AWS::AutoScaling::AutoScalingGroup")

    for pool, values in stage.pools.items():
        more = int(stage.training.model in values.models)
        for kind, instances in (("Spot", values.spot_instances), ("OnDemand", values.on_demand_instances)):
            [group] = [each for id_, each in groups.items() if f"Gpu{pool.capitalize()}{kind}Instances" in id_]
            assert int(group["Properties"]["MaxSize"]) == instances + more


def test_three_decisions_a_minute_and_none_is_repeated(synthesis: Synthesis) -> None:
    [rule] = [each for name, each in synthesis.of_type("AWS::Events::Rule").items() if "ControllerDecisions" in name]
    [express] = [
        each
        for each in synthesis.properties("AWS::StepFunctions::StateMachine")
        if each.get("StateMachineType") == "EXPRESS"
    ]
    text = express["DefinitionString"]["Fn::Join"][1]
    definition = json.loads("".join(each if isinstance(each, str) else placeholder(each) for each in text))
    states = definition["States"]

    assert rule["Properties"]["ScheduleExpression"] == "rate(1 minute)"
    assert [each["Type"] for each in states.values()].count("Task") == 3
    assert [each["Seconds"] for each in states.values() if each["Type"] == "Wait"] == [20, 20]
    for state in states.values():
        if state["Type"] == "Task":
            assert "Retry" not in state
            # A decision that fails does not end the minute.
            assert state["Catch"][0]["Next"] == state["Next"]
    timeout = synthesis.function("control_fleet")["Timeout"]
    assert timeout < 20


@pytest.mark.parametrize(
    ("fleet", "says"),
    [
        ({"max_tasks": 0}, "max_tasks"),
        ({"dollars_per_hour": 0.0}, "dollars_per_hour"),
        ({"dollars_per_hour": float("nan")}, "dollars_per_hour"),
        ({"spot_percent": 0}, "spot_percent"),
        ({"prices": {"g5.xlarge": 0.0}}, "prices"),
        ({"prices": {"g5.xlarge": -1.0}}, "prices"),
        ({"spot_prices": {"g5.xlarge": 0.0}}, "spot_prices"),
        ({"spot_prices": {"g5.xlarge": float("inf")}}, "spot_prices"),
        ({"dollars_per_hour": 0.1}, "fleet.dollars_per_hour: the warm tasks that always run cost 0.31"),
    ],
)
def test_a_fleet_that_does_not_fit_its_pools_is_rejected(fleet: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(DEV, fleet=replace(DEV.fleet, **fleet))


def test_an_instance_type_without_a_price_is_rejected() -> None:
    pools = {**DEV.pools, "draw": replace(DRAW, instance_types=("g6.2xlarge", "g5.xlarge", "g4dn.2xlarge"))}

    with pytest.raises(ValueError, match=r"fleet\.prices: g6\.2xlarge, g4dn\.2xlarge of the pool draw has no price"):
        replace(DEV, pools=pools)
    replace(DEV, pools=pools, fleet=replace(DEV.fleet, prices={"g6.2xlarge": 0.98, "g4dn.2xlarge": 0.75}))


def test_a_stage_overrides_the_estimates_of_prices_by_instance_type() -> None:
    pool = replace(DRAW, instance_types=("g6.xlarge", "g5.xlarge", "g4dn.xlarge"))
    fleet = replace(DEV.fleet, prices={"g6.xlarge": 1.0}, spot_prices={"g5.xlarge": 0.3}, spot_percent=50)

    assert fleet.on_demand_price(pool) == 1.0
    assert fleet.spot_price(pool) == round((0.5 + 0.3 + 0.526 / 2) / 3, 4)


def test_every_estimate_of_a_price_is_one_of_a_known_gpu_and_positive() -> None:
    assert all(price > 0 for price in ON_DEMAND.values())
    assert all(gpu_of(kind) for kind in ON_DEMAND)


def test_a_cap_below_the_warm_tasks_is_rejected() -> None:
    pools = {**DEV.pools, "draw": replace(DRAW, warm_spot_tasks=4)}

    with pytest.raises(ValueError, match=r"fleet\.max_tasks: 4 warm tasks always run"):
        replace(DEV, pools=pools, fleet=Fleet(dollars_per_hour=5.0, max_tasks=3))
