"""The network of the GPU instances. It changes less often than the other stacks."""

from typing import Any

from aws_cdk import Stack
from constructs import Construct

from cdk_app.private_network import PrivateNetwork
from cdk_app.stages.stage import Stage


class NetworkStack(Stack):
    """The VPC of the GPU instances. Lambda functions are outside, because they only call AWS."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self.vpc = PrivateNetwork(
            self,
            "Private",
            network=stage.network,
            operations=stage.operations,
            reads_secrets=stage.rendering.signing_secret is not None,
            asks_guardrail=stage.makers.moderator == "guardrail",
        ).vpc
