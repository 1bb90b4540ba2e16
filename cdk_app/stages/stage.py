"""The values of a stage. Stages differ in these values and in nothing else."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from cdk_app.stages.api import Api, Makers, UserPool
from cdk_app.stages.compute import Functions, Gpu, Network
from cdk_app.stages.data import Data
from cdk_app.stages.fleet import Fleet
from cdk_app.stages.pools import Pool, PoolName, find_problems
from cdk_app.stages.quantities import STRICT, Count, Percent
from cdk_app.stages.site import Site
from cdk_app.stages.workflows import Rendering, Training
from craftspark.models.networks import ToolNetworks


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Operations:
    """Who gets alarms, their thresholds within five minutes, and what is recorded.

    `execution_log` is the log level of executions, which never log their data. X-Ray traces one job per
    second and `traced_percent` of the others. `shells` lets an operator open a shell in a worker with ECS Exec.
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
    """One deployment of Craftspark.

    `tools` has the model of each tool that makers can use; the pool that has the model renders the tool's jobs. Tools
    use `networks` with a diffusion model, to enlarge drawings and to cut objects out.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")]
    network: Network
    data: Data
    functions: Functions
    gpu: Gpu
    tools: Annotated[Mapping[str, str], Field(min_length=1)]
    networks: ToolNetworks
    pools: Annotated[Mapping[PoolName, Pool], Field(min_length=1)]
    fleet: Fleet
    rendering: Rendering
    training: Training
    makers: Makers
    api: Api
    user_pool: UserPool
    site: Site
    operations: Operations

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        if (self.api.oidc_issuer is None) != (self.site.oidc_client_id is None):
            raise ValueError(
                "site.oidc_client_id: Studio needs it to sign in at another issuer; the stage's own user pool makes one"
            )
        return self

    @model_validator(mode="after")
    def _check_pools(self) -> Self:
        problems = [
            *find_problems(self.tools, self.pools, self.networks, self.training.model),
            *self.fleet.find_problems(self.pools),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def name_pool(self, model: str) -> str:
        """The name of the pool that has the model."""
        return next(name for name, pool in self.pools.items() if model in pool.models)

    def list_tools(self, pool: str) -> dict[str, str]:
        """The tools whose model a pool has, each with its model."""
        return {tool: model for tool, model in self.tools.items() if model in self.pools[pool].models}

    def name_stack(self, stack: str) -> str:
        """The name of a stack in the account."""
        return f"Craftspark-{self.name.capitalize()}-{stack}"

    @property
    def metrics_namespace(self) -> str:
        """The namespace of the stage's own metrics in CloudWatch. Stages can share an account and a region."""
        return f"Craftspark/{self.name}"
