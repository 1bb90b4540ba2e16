"""Pools, as submissions know them: which model serves a tool, and the GPU tasks that do it."""

from dataclasses import dataclass

from craftspark.contracts import Contract
from craftspark.models.networks import ToolNetworks


@dataclass(frozen=True, kw_only=True)
class ServingPool:
    """A pool of a stage. `tools` has the model of each tool that the pool serves.

    Estimates and prices follow the profiles of `device`. The pool has at least `min_tasks`. `launch_s` is the time of a
    launch in seconds, if none was measured recently.
    """

    name: str
    tools: dict[str, str]
    device: str
    min_tasks: int
    launch_s: int


@dataclass(frozen=True, kw_only=True)
class ServingPools(Contract):
    """All pools of a stage, and the networks that its tools use with their models."""

    networks: ToolNetworks
    pools: tuple[ServingPool, ...]
