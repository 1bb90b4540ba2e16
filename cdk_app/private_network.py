"""The network of the GPU instances: private subnets, with NAT gateways or VPC endpoints as the stage chooses."""

from typing import cast

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.stages.compute import Network
from cdk_app.stages.stage import Operations
from cdk_app.storage.log_group import LogGroup

# The services that an ECS instance and a GPU task call, other than S3 and DynamoDB.
INTERFACES = {
    "Ecr": ec2.InterfaceVpcEndpointAwsService.ECR,
    "EcrDocker": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Ecs": ec2.InterfaceVpcEndpointAwsService.ECS,
    "EcsAgent": ec2.InterfaceVpcEndpointAwsService.ECS_AGENT,
    "EcsTelemetry": ec2.InterfaceVpcEndpointAwsService.ECS_TELEMETRY,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "Queues": ec2.InterfaceVpcEndpointAwsService.SQS,
    "StepFunctions": ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
}

# Only NAT gateways are in it, and each has its own address.
PUBLIC = ec2.SubnetConfiguration(
    name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24, map_public_ip_on_launch=False
)
# Large, because each GPU task has its own address.
PRIVATE_WITH_NAT = ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20)
PRIVATE = ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=20)


class PrivateNetwork(Construct):
    """A VPC in the stage's zones of the region. The deployment knows the region, so synthesis needs no lookup.

    With `reads_secrets`, tasks in it read a secret. With `asks_guardrail`, they send pictures to the guardrail.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        operations: Operations,
        reads_secrets: bool,
        asks_guardrail: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        with_nat = network.egress == "nat"
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            availability_zones=[f"{Aws.REGION}{letter}" for letter in network.zones],
            subnet_configuration=[PUBLIC, PRIVATE_WITH_NAT] if with_nat else [PRIVATE],
            nat_gateways=network.nat_gateways,
            gateway_endpoints={
                "Objects": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "Tables": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            flow_logs={
                "Rejected": ec2.FlowLogOptions(
                    destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                        LogGroup(self, "RejectedTraffic", operations=operations)
                    ),
                    traffic_type=ec2.FlowLogTrafficType.REJECT,
                )
            },
            restrict_default_security_group=False,
        )
        acknowledge(
            self.vpc,
            "To empty the default security group, the CDK needs a custom resource. Nothing uses that group.",
            "NIST.800.53.R5-VPCDefaultSecurityGroupClosed",
        )
        for subnet in self.vpc.public_subnets:
            acknowledge(
                cast(ec2.CfnRoute, subnet.node.find_child("DefaultRoute")),
                "The way out of the NAT gateways, which are all that the subnet has.",
                "NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",
            )
        if not with_nat:
            services = dict(INTERFACES)
            if reads_secrets:
                services["Secrets"] = ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER
            if asks_guardrail:
                services["Guardrails"] = ec2.InterfaceVpcEndpointAwsService.BEDROCK_RUNTIME
            if operations.shells:
                services["Shells"] = ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES
            for name, service in services.items():
                endpoint = self.vpc.add_interface_endpoint(name, service=service)
                [group] = endpoint.connections.security_groups
                acknowledge(
                    group,
                    "The rule cannot read the range of addresses, because it is a reference: the VPC's own range.",
                    "AwsSolutions-EC23",
                    "NIST.800.53.R5-EC2RestrictedCommonPorts",
                    "NIST.800.53.R5-EC2RestrictedSSH",
                )
