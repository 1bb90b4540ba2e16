"""Pools of GPU tasks: the models that they serve, the tools that use these models, and what does not fit together."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cdk_app.stages.quantities import STRICT, Count, Positive, Seconds
from craftspark.errors import ModelUnavailable, ToolUnknown
from craftspark.models.capabilities import SENTENCES
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.gpus import GPUS, gpu_of
from craftspark.models.model import Model
from craftspark.models.networks import Network, ToolNetworks, find_network
from craftspark.models.profiles import find_record
from craftspark.tools import TOOLS, Tool, find_tool

PoolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Pool:
    """GPU tasks that serve the same models. A task takes one GPU. Every instance type has the CPU and memory that a
    task needs.

    `models` are names of the catalogue. Tasks render on `device`; `cpu` is for a laptop. `launch_s` is the time from a
    task's launch to its first step. Estimates use it until the pool has measured its own. The warm tasks always run. A
    pool without warm tasks launches a task when an interactive job arrives. After its batch, a launched task takes work
    from the pool's queues until it has been idle for `idle_s`.
    """

    models: Annotated[tuple[str, ...], Field(min_length=1)]
    device: Literal["cuda", "cpu"] = "cuda"
    instance_types: Annotated[tuple[str, ...], Field(min_length=1)]
    spot_instances: Positive
    on_demand_instances: Positive
    warm_spot_tasks: Count
    warm_on_demand_tasks: Count
    launch_s: Seconds
    idle_s: Annotated[int, Field(ge=0, le=3600)]
    task_cpu: Positive
    task_memory_mib: Positive
    disk_gib: Annotated[int, Field(ge=60)]

    @property
    def profile_devices(self) -> list[str]:
        """The devices of the pool in the device tables."""
        return (
            ["cpu"] if self.device == "cpu" else list(dict.fromkeys(gpu_of(kind).name for kind in self.instance_types))
        )

    @property
    def profile_device(self) -> str:
        """The device on which the pool's models take longest. Estimates follow its profiles."""

        def times(device: str) -> tuple[float, float]:
            models = [find_model(name).on(device) for name in self.models]
            return sum(model.drawing_s for model in models), sum(model.profile.enlarge_s for model in models)

        return max(self.profile_devices, key=times)

    @property
    def warm_tasks(self) -> int:
        return self.warm_spot_tasks + self.warm_on_demand_tasks

    @model_validator(mode="after")
    def _check_families(self) -> Self:
        families = {kind.partition(".")[0] for kind in self.instance_types}
        if len(families) < 3:
            raise ValueError(f"instance_types: spot needs at least 3 GPU families to choose from, not {len(families)}")
        if unknown := sorted(families - GPUS.keys()):
            raise ValueError(f"instance_types: the known GPU families are {', '.join(GPUS)}, not {unknown[0]}")
        return self

    def check_model(self, model: Model, assistants: Iterable[Network]) -> None:
        """Raise ValueError if the model cannot run on every GPU of the pool, with the networks that assist it."""
        for device in self.profile_devices:
            if not model.on(device).has_profile:
                raise ValueError(f"{model.name} has no profile for the device {device}")
        if self.device == "cpu":
            return
        names = " with ".join([model.name, *(network.name for network in assistants if network.gpu_memory_gib)])
        needed_gib = model.gpu_memory_gib + sum(network.gpu_memory_gib for network in assistants)
        for kind in self.instance_types:
            gpu, place = gpu_of(kind), f"the GPU of {kind}"
            if gpu.memory_gib < needed_gib:
                raise ValueError(f"{names} needs {needed_gib:g} GiB; {place} has {gpu.memory_gib:g}")
            if model.dtype == "bfloat16" and not gpu.bfloat16:
                raise ValueError(f"{model.name} needs bfloat16, which {place} does not compute in")


def find_problems(
    tools: Mapping[str, str], pools: Mapping[str, Pool], networks: ToolNetworks, trained: str
) -> Iterator[str]:
    """What does not fit together, each with its field. `trained` is the model that styles are trained for."""
    if problems := list(_find_network_problems(networks, pools)):
        yield from problems
        return
    for name, pool in pools.items():
        yield from _find_pool_problems(name, pool, pools, tools, networks)
    for tool, model in tools.items():
        field = f"tools.{tool}"
        try:
            problem = _find_tool_problem(find_tool(tool), model)
        except ToolUnknown as unknown:
            problem = unknown.detail
        if problem:
            yield f"{field}: {problem}"
        elif not any(model in pool.models for pool in pools.values()):
            yield f"{field}: no pool has {model}; add it to the models of {' or '.join(pools)}"
    yield from _find_unused(tools, pools, trained)
    yield from _find_training_problems(trained, pools)


def _find_unused(tools: Mapping[str, str], pools: Mapping[str, Pool], trained: str) -> Iterator[str]:
    used = {*tools.values(), trained}
    for name, pool in pools.items():
        for model in pool.models:
            if model not in used:
                yield f"pools.{name}.models: no tool uses {model}, and no style is trained for it; remove it"
        if pool.warm_tasks and not set(pool.models) & set(tools.values()):
            yield f"pools.{name}: no tool uses its models, so warm_spot_tasks and warm_on_demand_tasks must be 0"


def _find_training_problems(trained: str, pools: Mapping[str, Pool]) -> Iterator[str]:
    models = [CATALOGUE[name] for pool in pools.values() for name in pool.models if name in CATALOGUE]
    if trained not in [model.name for model in models]:
        names = ", ".join(model.name for model in models)
        yield f"training.model: the diffusion models of the pools are {names}, not {trained}"
        return
    # A stage of which no model can learn is valid: it refuses each training.
    learning = [model.name for model in models if "learn" in model.capabilities]
    if learning and trained not in learning:
        yield f"training.model: {trained} cannot learn styles; of the pools' models, {', '.join(learning)} can"


def _find_tool_problem(tool: Tool, name: str) -> str | None:
    """Why the catalogue entry cannot do the tool's work."""
    try:
        if tool.network:
            find_network(name, tool.network)
            return None
        model = find_model(name)
    except ModelUnavailable as unknown:
        return unknown.detail
    missing = [SENTENCES[need.capability] for need in tool.needs() if need.capability not in model.capabilities]
    return f"{name} cannot {' or '.join(missing)}" if missing else None


def _find_network_problems(networks: ToolNetworks, pools: Mapping[str, Pool]) -> Iterator[str]:
    devices = dict.fromkeys(device for pool in pools.values() for device in pool.profile_devices)
    for does, name in networks.names.items():
        try:
            find_network(name, does)
        except ModelUnavailable as unknown:
            yield f"networks.{does}: {unknown.detail}"
            continue
        for device in devices:
            if not find_record(device, name):
                yield f"networks.{does}: {name} has no profile for the device {device}"


def _find_assistants(model: str, tools: Mapping[str, str], networks: ToolNetworks) -> list[Network]:
    """The networks that assist a model in its tools."""
    entry = find_model(model)
    does = {does for tool in TOOLS.values() if tools.get(tool.name) == model for does in tool.assists(entry)}
    return [find_network(networks.names[each], each) for each in sorted(does)]


def _find_pool_problems(
    name: str, pool: Pool, pools: Mapping[str, Pool], tools: Mapping[str, str], networks: ToolNetworks
) -> Iterator[str]:
    field = f"pools.{name}.models"
    for model in pool.models:
        try:
            pool.check_model(find_model(model).with_networks(networks), _find_assistants(model, tools, networks))
        except ModelUnavailable as unknown:
            yield f"{field}: {unknown.detail}"
        except ValueError as problem:
            yield f"{field}: {problem}"
    for other, its in pools.items():
        if other != name:
            for model in pool.models:
                if model in its.models and name < other:
                    yield f"{field}: {other} has {model}, too; a tool of it would have two pools"
