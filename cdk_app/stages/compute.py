"""Values of the network, of Lambdas and of GPU tasks."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cdk_app.stages.quantities import STRICT, Count, Positive, Seconds
from craftspark.models.gpus import GPUS, gpu_of
from craftspark.models.model import Model


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Network:
    """`egress` is how private subnets reach AWS: NAT gateways, or interface endpoints without internet access."""

    zones: Annotated[int, Field(ge=2, le=3)]
    egress: Literal["nat", "endpoints"]
    nat_gateways: Count

    @model_validator(mode="after")
    def _check_egress(self) -> Self:
        if self.egress == "nat" and not 1 <= self.nat_gateways <= self.zones:
            raise ValueError(
                f"nat_gateways: with egress 'nat' it must be 1 to {self.zones} (zones), not {self.nat_gateways}"
            )
        if self.egress == "endpoints" and self.nat_gateways:
            raise ValueError(f"nat_gateways: with egress 'endpoints' it must be 0, not {self.nat_gateways}")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Functions:
    """The machine that Lambdas run on. `wheel_platforms` are pip's names for it; empty means this machine."""

    architecture: Literal["arm64", "x86_64"]
    python: Annotated[str, Field(pattern=r"^3\.1[1-4]$")]
    wheel_platforms: tuple[str, ...]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Gpu:
    """The GPU fleet and its task. A task takes one GPU. Every instance type has the CPU and memory that a task needs.

    Tasks render on `device`; `cpu` is for a laptop. `launch_s` is the time from a task's launch to its first step.
    Estimates use it until the stage has measured its own. `dispatch_ms` is the time from a submission to the first
    step of an idle task. `image` names a container image; without it, tasks run `image_tag` of the stage's repository.
    """

    device: Literal["cuda", "cpu"] = "cuda"
    instance_types: Annotated[tuple[str, ...], Field(min_length=1)]
    spot_instances: Positive
    on_demand_instances: Positive
    warm_spot_tasks: Count
    warm_on_demand_tasks: Count
    launch_s: Seconds
    dispatch_ms: Count
    task_cpu: Positive
    task_memory_mib: Positive
    disk_gib: Annotated[int, Field(ge=60)]
    image: str | None = None
    image_tag: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$")]

    @model_validator(mode="after")
    def _check_families(self) -> Self:
        families = {kind.partition(".")[0] for kind in self.instance_types}
        if len(families) < 3:
            raise ValueError(f"instance_types: spot needs at least 3 GPU families to choose from, not {len(families)}")
        if unknown := sorted(families - GPUS.keys()):
            raise ValueError(f"instance_types: the known GPU families are {', '.join(GPUS)}, not {unknown[0]}")
        return self

    @property
    def profile_devices(self) -> list[str]:
        """The devices of the fleet in the device tables."""
        return (
            ["cpu"] if self.device == "cpu" else list(dict.fromkeys(gpu_of(kind).name for kind in self.instance_types))
        )

    def slowest_device(self, model: Model) -> str:
        """The device of the fleet on which the model takes longest for an image. Estimates follow its profile."""
        return max(self.profile_devices, key=lambda device: model.on(device).drawing_s)

    def check_model(self, model: Model) -> None:
        """Raise ValueError if the model cannot run on every GPU of the fleet."""
        for device in self.profile_devices:
            if not model.on(device).has_profile:
                raise ValueError(f"model: {model.name} has no profile for the device {device}")
        if self.device == "cpu":
            return
        for kind in self.instance_types:
            gpu, place = gpu_of(kind), f"the GPU of {kind}"
            if gpu.memory_gib < model.gpu_memory_gib:
                raise ValueError(
                    f"model: {model.name} needs {model.gpu_memory_gib:g} GiB; {place} has {gpu.memory_gib:g}"
                )
            if model.dtype == "bfloat16" and not gpu.bfloat16:
                raise ValueError(f"model: {model.name} needs bfloat16, which {place} does not compute in")
