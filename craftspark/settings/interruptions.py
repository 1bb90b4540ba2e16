"""What the functions need that handle the notices of instances and the ends of tasks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class NoticeSettings(Settings):
    """What `drain_instance` needs. `capacity_providers` is JSON: the pool of each capacity provider of the cluster."""

    jobs_table: str
    cluster: str
    capacity_providers: str

    @property
    def pools(self) -> Mapping[str, str]:
        """The name of the pool of each capacity provider."""
        pools: dict[str, str] = json.loads(self.capacity_providers)
        return pools


@dataclass(frozen=True, kw_only=True)
class TaskEndSettings(Settings):
    """What `settle_task` needs."""

    jobs_table: str
