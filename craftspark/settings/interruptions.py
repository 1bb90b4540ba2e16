"""What the functions need that handle the notices of instances and the ends of tasks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class NoticeSettings(Settings):
    """What `drain_instance` needs. As JSON, `capacity_providers` has the pool of each capacity provider of the cluster,
    and `spot_groups` the pool of each Auto Scaling group of spot instances.
    """

    jobs_table: str
    cluster: str
    capacity_providers: str
    spot_groups: str

    @property
    def pools(self) -> Mapping[str, str]:
        """The name of the pool of each capacity provider."""
        pools: dict[str, str] = json.loads(self.capacity_providers)
        return pools

    @property
    def groups(self) -> Mapping[str, str]:
        """The name of the pool of each group of spot instances."""
        groups: dict[str, str] = json.loads(self.spot_groups)
        return groups


@dataclass(frozen=True, kw_only=True)
class TaskEndSettings(Settings):
    """What `settle_task` needs."""

    jobs_table: str
