"""All stacks of one stage."""

from aws_cdk import Tags
from constructs import Construct

from cdk_app.stage import Stage
from stacks.api import ApiStack
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.operations import OperationsStack
from stacks.rendering import RenderingStack


def build_stacks(scope: Construct, stage: Stage) -> None:
    """Ids are the same in every stage; only the stacks' names tell them apart in an account."""
    network = NetworkStack(
        scope, "Network", stack_name=stage.stack_name("Network"), network=stage.network, operations=stage.operations
    )
    data = DataStack(scope, "Data", stack_name=stage.stack_name("Data"), data=stage.data)
    rendering = RenderingStack(
        scope, "Rendering", stack_name=stage.stack_name("Rendering"), stage=stage, vpc=network.vpc, data=data
    )
    api = ApiStack(scope, "Api", stack_name=stage.stack_name("Api"), stage=stage, data=data, intake=rendering.intake)
    OperationsStack(
        scope,
        "Operations",
        stack_name=stage.stack_name("Operations"),
        operations=stage.operations,
        rendering=rendering,
        api=api,
    )
    Tags.of(scope).add("craftspark:stage", stage.name)
