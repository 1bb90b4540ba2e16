"""The record of calls: one line for each statement of a policy that decided, with the first call that it decided.

A test finds the permissions that no call uses, and removes each other one to see that its call fails.
"""

import json
import os
import threading
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import cloudformation

from local_cloud.launcher.resource_names import RECORD, ResourceNames

LOGS = "LOCAL_CLOUD_LOGS"  # the environment variable with the folder of the record


class Calls:
    """Appends the first call of each caller, action and deciding statement to the record."""

    def __init__(self) -> None:
        # The statements are kept, because another one could get the identity of one that is deleted.
        self._seen: dict[tuple[str, str, int], Any] = {}
        self._lock = threading.Lock()

    def add(self, context: Any, result: Any, statement: Any) -> None:
        """Record a decision that a statement made, unless one like it is recorded."""
        caller = caller_of(context.principal_arn)
        key = (caller, context.action, id(statement))
        if key in self._seen:
            return
        with self._lock:
            if key in self._seen:
                return
            self._seen[key] = statement
            conditions = {name for values in statement.conditions.values() for name in values}
            call = {
                "caller": caller,
                "action": context.action,
                "resource": context.resource_arn,
                "decision": result.decision,
                "keys": {name: iam_evaluator._resolve_condition_key(name, context) for name in sorted(conditions)},
            }
            if folder := os.environ.get(LOGS):
                with (Path(folder) / RECORD).open("a") as record:
                    record.write(_read_names().to_portable(json.dumps(call)) + "\n")


def caller_of(principal_arn: str) -> str:
    """The name of the role of a session, else the principal: a user's ARN or a service."""
    kind, _, session = principal_arn.rpartition(":")[2].partition("/")
    return session.partition("/")[0] if kind == "assumed-role" else principal_arn


def _read_names() -> ResourceNames:
    return ResourceNames(
        (stack["StackName"], logical_id, str(resource.get("PhysicalResourceId", "")))
        for _, stack in cloudformation._stacks.all_items()
        for logical_id, resource in dict(stack.get("_resources", {})).items()
    )


CALLS = Calls()
