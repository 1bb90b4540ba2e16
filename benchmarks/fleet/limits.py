"""The limits of the fleet's controller in a local cloud, whose stage has room for one worker of each capacity type."""

from collections.abc import Mapping
from dataclasses import replace

from craftspark.fleet.controller.pools import ControlledPools
from craftspark.settings.fleet import ControlSettings
from local_cloud.launcher.cloud import LocalCloud


def set_limits(cloud: LocalCloud, spot_tasks: Mapping[str, tuple[int, int]]) -> None:
    """Let the controller set a pool's tasks on spot within the minimum and the maximum that `spot_tasks` has for it."""
    client, name = cloud.client("lambda"), cloud.outputs["ControlFleetFunctionName"]
    environment = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    settings = ControlSettings.from_environment(environment)
    pools = tuple(
        replace(pool, spot=replace(pool.spot, minimum=spot_tasks[pool.name][0], maximum=spot_tasks[pool.name][1]))
        for pool in ControlledPools.parse(settings.controlled_pools).pools
    )
    changed = replace(settings, controlled_pools=ControlledPools(pools=pools).to_text())
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": environment | changed.to_environment()}
    )
