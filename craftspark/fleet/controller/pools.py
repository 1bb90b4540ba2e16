"""The pools of a stage, as the controller knows them: their services, and the limits of each."""

from dataclasses import dataclass

from craftspark.contracts import Contract


@dataclass(frozen=True, kw_only=True)
class ControlledService:
    """The ECS service of one capacity type of a pool.

    The controller sets `minimum` to `maximum` tasks. `price` is in dollars for a task and hour. `parameter` names the
    parameter that keeps the desired count for deployments.
    """

    service: str
    parameter: str
    minimum: int
    maximum: int
    price: float


@dataclass(frozen=True, kw_only=True)
class ControlledPool:
    """A pool. `family` is the family of its task definition.

    Its instances are in `zones`, and of the families `instance_families`.
    `launch_s` is the time from the request for a task to its first step, until workers have measured it. A task takes
    up to `images_per_batch` images of a job at a time. Bulk work should end `bulk_within_s` after its submission.
    """

    name: str
    family: str
    zones: tuple[str, ...]
    instance_families: tuple[str, ...]
    launch_s: int
    images_per_batch: int
    bulk_within_s: int
    spot: ControlledService
    on_demand: ControlledService


@dataclass(frozen=True, kw_only=True)
class ControlledPools(Contract):
    """All pools of a stage."""

    pools: tuple[ControlledPool, ...]
