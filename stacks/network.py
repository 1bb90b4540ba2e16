"""The network of the GPU instances. It changes less often than the other stacks."""

from typing import Any

from aws_cdk import Stack
from constructs import Construct

from cdk_app.private_network import PrivateNetwork
from cdk_app.stages.compute import Network
from cdk_app.stages.stage import Operations


class NetworkStack(Stack):
    """The VPC of the GPU instances. Lambda functions are outside, because they only call AWS."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        operations: Operations,
        reads_secrets: bool,
        asks_guardrail: bool,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self.vpc = PrivateNetwork(
            self,
            "Private",
            network=network,
            operations=operations,
            reads_secrets=reads_secrets,
            asks_guardrail=asks_guardrail,
        ).vpc
