"""GPU instances that ECS starts and stops as its tasks need them."""

from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.gpu.worker import USER
from cdk_app.stages.pools import Pool

ROOT_DEVICE = "/dev/xvda"

AGENT_SETTINGS = (
    # Off by default. Without it, tasks get no SIGTERM after a spot interruption notice.
    "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
    # A worker has its own role and must not use the instance's.
    "ECS_AWSVPC_BLOCK_IMDS=true",
    # Image tags never change, so the image that an instance has is the right one.
    "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached",
)

DISK_LABEL = "craftspark"


class GpuCapacity(Construct):
    """A group of GPU instances of several families, all spot or all on-demand. It scales to zero when no task runs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.Cluster,
        pool: Pool,
        models_cache: str,
        spot: bool,
        trainings: int,
    ) -> None:
        """`trainings` are the instances in addition to those of the pool: the fleet's limits do not count trainings."""
        super().__init__(scope, construct_id)
        self._spot = spot
        template = _create_launch_template(self, cluster=cluster, pool=pool, models_cache=models_cache)
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Instances",
            vpc=cluster.vpc,
            vpc_subnets=select_private_subnets(cluster.vpc),
            min_capacity=0,
            max_capacity=(pool.spot_instances if spot else pool.on_demand_instances) + trainings,
            mixed_instances_policy=autoscaling.MixedInstancesPolicy(
                launch_template=template,
                launch_template_overrides=[
                    autoscaling.LaunchTemplateOverrides(instance_type=ec2.InstanceType(kind))
                    for kind in pool.instance_types
                ],
                instances_distribution=autoscaling.InstancesDistribution(
                    on_demand_percentage_above_base_capacity=0 if spot else 100,
                    on_demand_allocation_strategy=autoscaling.OnDemandAllocationStrategy.PRIORITIZED,
                    spot_allocation_strategy=autoscaling.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
                ),
            ),
        )
        self.provider = ecs.AsgCapacityProvider(
            self,
            "Provider",
            auto_scaling_group=self.group,
            enable_managed_scaling=True,
            enable_managed_termination_protection=True,
            enable_managed_draining=True,
            # The services and launches decide how many tasks run. ECS starts one instance for each task that has none,
            # and no spare ones. So only one of them decides about the size of the fleet.
            target_capacity_percent=100,
            minimum_scaling_step_size=1,
            instance_warmup_period=60,
        )
        grant_draining(template.role, cluster)
        cluster.add_asg_capacity_provider(self.provider)
        self._acknowledge(template.role)

    def _acknowledge(self, instance: iam.IRole | None) -> None:
        acknowledge(
            self.group,
            "The rule reads launch configurations. The launch template encrypts its volume and requires IMDSv2.",
            "AwsSolutions-EC26",
            "NIST.800.53.R5-EC2IMDSv2Enabled",
        )
        acknowledge(
            self.group,
            "EventBridge has the group's events: rules handle failed launches, and alarms watch for missing instances.",
            "AwsSolutions-AS3",
        )
        if instance is not None:
            acknowledge(
                cast(iam.Policy, instance.node.find_child("DefaultPolicy")),
                "The ECS agent's calls, which IAM ties to no resource or a condition ties to the cluster.",
                "CKV_AWS_111",
            )

    @property
    def min_healthy_percent(self) -> int:
        """How many of its tasks a service keeps while it replaces some.

        A spot notice comes two minutes before the instance ends, and a replacement takes longer, so ECS stops tasks
        without waiting for it. On demand, ECS may stop half of the tasks first: there may be no capacity for a second
        set of workers.
        """
        return 0 if self._spot else 50

    @property
    def strategy(self) -> ecs.CapacityProviderStrategy:
        """Runs all tasks on this capacity."""
        return ecs.CapacityProviderStrategy(capacity_provider=self.provider.capacity_provider_name, weight=1)


def grant_draining(instance: iam.IRole | None, cluster: ecs.Cluster) -> None:
    """Let the ECS agent set its own instance to DRAINING on a spot notice. The CDK does not grant this."""
    if instance is None:
        raise ValueError("the launch template has no role")
    iam.Grant.add_to_principal(
        grantee=instance,
        actions=["ecs:UpdateContainerInstancesState"],
        resource_arns=[name_in_cluster(cluster, "container-instance")],
        conditions={"ArnEquals": {"ecs:cluster": cluster.cluster_arn}},
    )


def name_in_cluster(cluster: ecs.ICluster, resource: str) -> str:
    """The ARNs of all container instances or tasks of a cluster."""
    return Stack.of(cluster).format_arn(
        service="ecs",
        resource=resource,
        resource_name=f"{cluster.cluster_name}/*",
    )


def select_private_subnets(vpc: ec2.IVpc) -> ec2.SubnetSelection:
    """The private subnets, with or without NAT."""
    return ec2.SubnetSelection(subnets=[*vpc.private_subnets, *vpc.isolated_subnets])


def _create_launch_template(
    scope: Construct, *, cluster: ecs.Cluster, pool: Pool, models_cache: str
) -> ec2.LaunchTemplate:
    user_data = ec2.UserData.for_linux()
    user_data.add_commands(
        *(f"echo {setting} >> /etc/ecs/ecs.config" for setting in AGENT_SETTINGS),
        *prepare_models_folder(models_cache),
    )
    return ec2.LaunchTemplate(
        scope,
        "LaunchTemplate",
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(ecs.AmiHardwareType.GPU),
        user_data=user_data,
        role=iam.Role(scope, "InstanceRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")),
        security_group=ec2.SecurityGroup(scope, "InstanceTraffic", vpc=cluster.vpc),
        require_imdsv2=True,
        http_put_response_hop_limit=1,
        block_devices=[
            ec2.BlockDevice(
                device_name=ROOT_DEVICE,
                volume=ec2.BlockDeviceVolume.ebs(
                    pool.disk_gib, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                ),
            )
        ],
    )


def prepare_models_folder(folder: str) -> list[str]:
    """Commands that make the folder for models, on the instance's first NVMe disk if it has one. ECS starts after them.

    Data on such a disk ends with the instance. If the disk cannot be used, the folder is on the root volume.
    """
    give = f"chown {USER} {folder} && chmod 700 {folder}"
    return [
        f"mkdir -p {folder}",
        give,  # also without the mount, for a restart in which the disk is missing
        "disk=$(lsblk --nodeps --noheadings --paths --output NAME,MODEL"
        " | awk '/Amazon EC2 NVMe Instance Storage/ { print $1; exit }')",
        f'if [ -n "$disk" ] && mkfs.xfs -f -L {DISK_LABEL} "$disk"; then',
        f"  echo 'LABEL={DISK_LABEL} {folder} xfs noatime,nodev,nosuid,nofail 0 0' >> /etc/fstab",
        f"  mount {folder} && {give}",
        "fi",
    ]
