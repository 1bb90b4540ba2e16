"""The capacity of a task: the instances of its capacity provider's Auto Scaling group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ministack.services import autoscaling, ecs

DEFAULT_TYPES = ("g4dn.xlarge",)
UNITS_PER_CPU = 1024
MIB_PER_GIB = 1024
# About what the operating system reports of an instance's memory. The rest is the kernel's.
REPORTED_MEMORY = 0.94

# GiB of memory for each virtual CPU, by family, and GPUs by size.
GIB_PER_CPU = {"g4dn": 4, "g5": 4, "g6": 4, "g6e": 8}
CPUS = {"xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48, "16xlarge": 64, "24xlarge": 96}
GPUS = {"12xlarge": 4, "24xlarge": 4}  # others have one


@dataclass(frozen=True)
class Resources:
    """CPU units, of which a virtual CPU has 1,024, MiB of memory, and GPUs."""

    cpu: int
    memory: int
    gpus: int

    def lacks(self, needed: "Resources") -> str | None:
        """The first resource that does not suffice for a task, as ECS names it, or None."""
        for name, there, wanted in (
            ("CPU", self.cpu, needed.cpu),
            ("MEMORY", self.memory, needed.memory),
            ("GPU", self.gpus, needed.gpus),
        ):
            if wanted > there:
                return name
        return None


def resources_of(instance_type: str) -> Resources | None:
    """What ECS can give to tasks on an instance. None for types that are not listed here."""
    family, _, size = instance_type.partition(".")
    if family not in GIB_PER_CPU or size not in CPUS:
        return None
    memory = int(CPUS[size] * GIB_PER_CPU[family] * MIB_PER_GIB * REPORTED_MEMORY)
    return Resources(CPUS[size] * UNITS_PER_CPU, memory, GPUS.get(size, 1))


def needs_of(definition: Mapping[str, Any]) -> Resources:
    """What a task of this definition reserves: the sizes of the task, or else those of its containers."""
    containers = definition.get("containerDefinitions") or []
    cpu = int(definition.get("cpu") or sum(int(each.get("cpu") or 0) for each in containers))
    memory = definition.get("memory") or sum(
        int(each.get("memoryReservation") or each.get("memory") or 0) for each in containers
    )
    required = [
        {key.lower(): value for key, value in each.items()}  # from a template, names start with capitals
        for container in containers
        for each in container.get("resourceRequirements") or []
    ]
    gpus = sum(int(each["value"]) for each in required if each["type"] == "GPU")
    return Resources(cpu, int(memory), gpus)


def find_shortage(task: Mapping[str, Any]) -> str | None:
    """The resource of which the smallest instance type of the task's group has too little, or None.

    ECS starts no instance for such a task, even if a larger type of the group would fit.
    """
    provider = task.get("capacityProviderName")
    definition = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}
    sizes = list(filter(None, map(resources_of, instance_types(provider)))) if group_of(provider) else []
    if not sizes:
        return None
    smallest = Resources(*(min(getattr(each, name) for each in sizes) for name in ("cpu", "memory", "gpus")))
    return smallest.lacks(needs_of(definition))


def instance_types(provider: str | None) -> Sequence[str]:
    """The instance types of the capacity provider's group, in order of preference."""
    overrides = _policy(provider).get("LaunchTemplate", {}).get("Overrides", [])
    return [each["InstanceType"] for each in overrides] or DEFAULT_TYPES


def is_spot(provider: str | None) -> bool:
    """Whether the capacity provider's group has only spot instances."""
    distribution = _policy(provider).get("InstancesDistribution", {})
    return int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)) == 0


def max_instances(provider: str | None) -> int | None:
    """The maximum size of the capacity provider's group, or None without a group."""
    group = autoscaling._asgs.get(group_of(provider))
    return None if group is None else int(group["MaxSize"])


def group_of(provider: str | None) -> str:
    """The name of the capacity provider's group. It is empty if there is none."""
    record = ecs._capacity_providers.get(provider) or {}
    return str(record.get("autoScalingGroupProvider", {}).get("autoScalingGroupArn", "")).rpartition("/")[2]


def tasks_of(provider: str | None) -> Iterator[dict[str, Any]]:
    """The tasks that run on the capacity provider, or wait for it."""
    for task in list(ecs._tasks.values()):
        if task.get("capacityProviderName") == provider and task["lastStatus"] != "STOPPED":
            yield task


def _policy(provider: str | None) -> Mapping[str, Any]:
    policy: Mapping[str, Any] = (autoscaling._asgs.get(group_of(provider)) or {}).get("MixedInstancesPolicy", {})
    return policy
