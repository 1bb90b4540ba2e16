"""A retry waits as its fields say, and `States.ALL` matches all errors but two.

Gap: the emulator ignores `MaxDelaySeconds` and `JitterStrategy`, and waits at most a minute. It also lets a Retry or
Catch of `States.ALL` match `States.DataLimitExceeded` and `States.Runtime`, which end an execution.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import stepfunctions

from local_cloud.emulator.patching import Extension, Patch, Replacement, Target

TERMINAL = ("States.DataLimitExceeded", "States.Runtime")
# The emulator waits no longer.
LONGEST_WAIT_S = 60.0

_find_matching_retrier = stepfunctions._find_matching_retrier


def find_matching_retrier(
    retriers: list[Mapping[str, Any]], error: str, counts: Mapping[int, int]
) -> tuple[Mapping[str, Any] | None, int]:
    """The Retry of the error, whose interval is now the pause before this attempt. A longer one is waited here."""
    retrier, index = _find_matching_retrier(retriers, error, counts)
    if retrier is None:
        return None, index
    pause = pause_s(retrier, counts.get(index, 0))
    if pause > LONGEST_WAIT_S:
        stepfunctions._scaled_sleep(pause - LONGEST_WAIT_S)
    return {**retrier, "IntervalSeconds": min(pause, LONGEST_WAIT_S), "BackoffRate": 1.0}, index


def pause_s(retrier: Mapping[str, Any], count: int) -> float:
    """The pause after so many retries."""
    pause = float(retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** count)
    pause = min(pause, retrier.get("MaxDelaySeconds", pause))
    if retrier.get("JitterStrategy") == "FULL":
        pause = random.uniform(0, pause)  # noqa: S311 - spreads load, no security
    return pause


def extend_matches(matches: Callable[[list[str], str], bool]) -> Callable[[list[str], str], bool]:
    def match(names: list[str], error: str) -> bool:
        if error in TERMINAL:
            return error in names
        return matches(names, error)

    return match


PATCH = Patch(
    name="retries",
    gap="MaxDelaySeconds and JitterStrategy are ignored, and States.ALL matches every error",
    targets=(
        Replacement(stepfunctions, "_find_matching_retrier", "cb494ae8503cce39ee49c409d9c1946a", find_matching_retrier),
        Extension(stepfunctions, "_error_matches", "519b9dc729c56a3caca5c301fd662ff4", extend_matches),
        Target(stepfunctions, "_scaled_sleep", "5ed19df2efa98412c20be89d2ac932b4"),
        Target(stepfunctions, "_with_retry_and_catch", "b351699db7b381ef576a7e75ff605473"),
    ),
)
