"""The values of a stage. Stages differ in these values and in nothing else."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cdk_app.stages.api import Api, Makers, UserPool
from cdk_app.stages.compute import Functions, Gpu, Network
from cdk_app.stages.data import Data
from cdk_app.stages.quantities import STRICT, Count, Percent
from cdk_app.stages.workflows import Rendering, Training
from craftspark.models.catalogue import find_model


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Operations:
    """Who gets alarms, their thresholds within five minutes, and what is recorded.

    `execution_log` is the log level of executions, which never log their data. X-Ray traces one call per second and
    `traced_percent` of the others. `shells` lets an operator open a shell in a warm worker with ECS Exec.
    """

    alarm_email: str | None
    failed_executions: Count
    server_errors: Count
    deferred_orders: Count
    log_retention_days: Literal[1, 7, 14, 30, 90, 180, 365]
    execution_log: Literal["ALL", "ERROR", "FATAL"]
    traced_percent: Percent
    shells: bool


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Stage:
    """One deployment of Craftspark."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")]
    network: Network
    data: Data
    functions: Functions
    gpu: Gpu
    rendering: Rendering
    training: Training
    makers: Makers
    api: Api
    user_pool: UserPool
    operations: Operations

    @model_validator(mode="after")
    def _check_model(self) -> Self:
        self.gpu.check_model(find_model(self.rendering.model))
        return self

    @property
    def profile_device(self) -> str:
        """The device whose profile the estimates and the prices follow: the slowest of the fleet."""
        return self.gpu.slowest_device(find_model(self.rendering.model))

    def name_stack(self, stack: str) -> str:
        """The name of a stack in the account."""
        return f"Craftspark-{self.name.capitalize()}-{stack}"
