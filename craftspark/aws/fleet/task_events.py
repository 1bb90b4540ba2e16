"""ECS's events about tasks, read as the end of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.contracts import ContractBroken
from craftspark.fleet.interruptions.task_ends import TaskEnd
from craftspark.settings import variable_of

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

TOKEN = variable_of("task_token")
# The group of a task that a service runs.
SERVICE = "service:"


@dataclass(frozen=True, kw_only=True)
class TaskEvents:
    """Reads the `detail` of "ECS Task State Change" events, and asks ECS for what an event leaves out."""

    client: ECSClient

    def read(self, detail: Mapping[str, Any]) -> TaskEnd:
        """The end of the task. Raises ContractBroken for a detail that names no task."""
        try:
            arn, cluster = detail["taskArn"], detail["clusterArn"]
        except KeyError as missing:
            raise ContractBroken(f"not the detail of a task: {missing}", field=str(missing.args[0])) from None
        container: Mapping[str, Any] = next(iter(detail.get("containers", [])), {})
        return TaskEnd(
            task=arn,
            stop_code=detail.get("stopCode", ""),
            reason=detail.get("stoppedReason", ""),
            exit_code=container.get("exitCode"),
            container_reason=container.get("reason", ""),
            token=self._find_token(detail, arn, cluster),
        )

    def _find_token(self, detail: Mapping[str, Any], arn: str, cluster: str) -> str | None:
        """The task token in the environment of a launched task."""
        if str(detail.get("group", "")).startswith(SERVICE):
            return None
        overrides = detail.get("overrides") or {}
        if not any("environment" in each for each in overrides.get("containerOverrides", [])):
            # ECS describes a task for an hour after its end.
            described = self.client.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
            overrides = next((task.get("overrides", {}) for task in described), {})
        return next(
            (
                variable["value"]
                for each in overrides.get("containerOverrides", [])
                for variable in each.get("environment", [])
                if variable.get("name") == TOKEN
            ),
            None,
        )
