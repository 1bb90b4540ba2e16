"""Values of the network, of Lambdas and of the GPU image."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cdk_app.stages.quantities import STRICT, Count

ZoneLetter = Annotated[str, Field(pattern=r"^[a-z]$")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Network:
    """The zones in which GPU instances run, each by the letter after the name of the region.

    Choose zones that have the instance types of the pools. `egress` is how private subnets reach AWS: NAT gateways, or
    interface endpoints without internet access.
    """

    zones: Annotated[tuple[ZoneLetter, ...], Field(min_length=2, max_length=6)]
    egress: Literal["nat", "endpoints"]
    nat_gateways: Count

    @model_validator(mode="after")
    def _check_zones(self) -> Self:
        if len(set(self.zones)) < len(self.zones):
            raise ValueError(f"zones: each zone is named once, not {', '.join(self.zones)}")
        return self

    @model_validator(mode="after")
    def _check_egress(self) -> Self:
        zones = len(self.zones)
        if self.egress == "nat" and not 1 <= self.nat_gateways <= zones:
            raise ValueError(
                f"nat_gateways: with egress 'nat' it must be 1 to {zones} (zones), not {self.nat_gateways}"
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
    """What all GPU tasks of a stage have in common.

    `dispatch_ms` is the time from a submission to the first step of an idle task. `image` names a container image;
    without it, tasks run `image_tag` of the stage's repository.
    `models_cache` is the folder for models, on the instances and in their tasks.
    """

    dispatch_ms: Count
    models_cache: Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]+$")] = "/var/cache/craftspark"
    image: str | None = None
    image_tag: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$")]
