"""What a state takes or returns has at most 256 KiB.

Gap: the emulator passes data of any size between states. On AWS, the execution fails with `States.DataLimitExceeded`,
which no Catch of `States.ALL` catches.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-task-executions
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import stepfunctions

from local_cloud.emulator.patching import Patch, Target

MAX_BYTES = 256 * 1024
DETAILS = {"stateEnteredEventDetails": "input", "stateExitedEventDetails": "output"}


def check_size(details: Mapping[str, Any]) -> None:
    """Raises the execution's error if the event of an entered or left state has too much data."""
    for name, field in DETAILS.items():
        if name in details and len(details[name][field].encode()) > MAX_BYTES:
            state = details[name]["name"]
            raise stepfunctions._ExecutionError(
                "States.DataLimitExceeded",
                f"The state/task '{state}' has an {field} with a size exceeding the maximum number of bytes service "
                "limit.",
            )


PATCH = Patch(
    name="state payloads",
    gap="states take and return data of any size",
    # The events of all states are written by the patch of the execution history, which calls `check_size`.
    targets=(
        Target(stepfunctions, "_run_execution", "996dff84e0e0605ae3ffb450d0dfa0ad"),
        # Of the class, only this: Python reads the whole module to find the source of a class.
        Target(stepfunctions._ExecutionError, "__init__", "57b67f0b75f74c0cbef3228531ec65bb"),
    ),
)
