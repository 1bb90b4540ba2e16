"""The desired counts that the fleet's controller has set, which deployments keep."""

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk_app.stages.pools import Pool

SPOT, ON_DEMAND = "spot", "on-demand"


class DesiredCounts(Construct):
    """A parameter for each service of a pool, with its desired count.

    CloudFormation always sends the desired count of a template's service with an update, so a number in the template
    would undo what the controller has set. Without a number, a new service starts one task, even in a pool without warm
    tasks. So the template refers to a parameter, which starts with the pool's warm tasks and which the controller
    overwrites.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: str, pools: Mapping[str, Pool]) -> None:
        super().__init__(scope, construct_id)
        # The template of another stack refers to it, and no reference can have a name that CloudFormation generates.
        self._names = {
            (name, capacity): f"/craftspark/{stage}/desired/{name}/{capacity}"
            for name in pools
            for capacity in (SPOT, ON_DEMAND)
        }
        for name, pool in pools.items():
            for capacity, tasks in ((SPOT, pool.warm_spot_tasks), (ON_DEMAND, pool.warm_on_demand_tasks)):
                ssm.StringParameter(
                    self,
                    f"{name.capitalize()}{capacity.title().replace('-', '')}",
                    parameter_name=self._names[name, capacity],
                    string_value=str(tasks),
                    description=f"Desired tasks of the pool {name}, {capacity}. The fleet's controller overwrites it.",
                )

    def name_parameter(self, pool: str, capacity: str) -> str:
        """The name of the parameter of a pool's service."""
        return self._names[pool, capacity]

    def grant_set(self, setter: iam.IGrantable) -> None:
        """Overwrite the parameters."""
        iam.Grant.add_to_principal(
            grantee=setter,
            actions=["ssm:PutParameter"],
            resource_arns=[
                Stack.of(self).format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))
                for name in self._names.values()
            ],
        )
