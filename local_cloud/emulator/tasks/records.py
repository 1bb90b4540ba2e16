"""What the patches of ECS read from the emulator's records of tasks."""

import time
from collections.abc import Mapping
from typing import Any

from ministack.services import ecs

Task = dict[str, Any]

# A task has no instance while it waits for capacity, and its instance ends with it.
HOSTED = ("PENDING", "ACTIVATING", "RUNNING", "STOPPING")


def is_of_service(task: Mapping[str, Any]) -> bool:
    return str(task.get("group") or "").startswith("service:")


def is_protected(task: Mapping[str, Any]) -> bool:
    """Whether the service scheduler must not stop the task now."""
    return float(task.get("_protected_until", 0)) > time.time()


def cluster_of(task: Mapping[str, Any]) -> str:
    return str(ecs._cluster_name_from_arn(task["clusterArn"]))


def instance_number(task: Mapping[str, Any]) -> str:
    """The hexadecimal digits of the container instance's ID. Instances differ in them."""
    return str(task["containerInstanceArn"].rpartition("/")[2].replace("-", ""))


def instance_id(task: Mapping[str, Any]) -> str:
    """The ID of the EC2 instance under a task."""
    return f"i-{instance_number(task)[:17]}"
