"""The state that the data points of an alarm ask for.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

State = Literal["ALARM", "OK", "INSUFFICIENT_DATA"]
# Of the periods before those that are evaluated, as many are read as in the tables of the document.
EXTRA_PERIODS = 2

COMPARISONS: Mapping[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", operator.ge),
    "GreaterThanThreshold": ("greater than", operator.gt),
    "LessThanThreshold": ("less than", operator.lt),
    "LessThanOrEqualToThreshold": ("less than or equal to", operator.le),
}


def judge(breaches: Sequence[bool | None], *, periods: int, needed: int, missing: str) -> State | None:
    """The state, or None to keep the current one.

    `breaches` says of each period, the oldest first, whether its data point breaches the threshold; None is a missing
    data point. It has more than the `periods` that are evaluated: if some of these have no data point, older ones are
    evaluated instead. Only if too few are left, the others are as `missing` says, the alarm's TreatMissingData.
    """
    real = [each for each in breaches if each is not None]
    filled = max(0, periods - len(real)) if missing == "breaching" else 0
    if sum(real[-periods:]) + filled >= needed:
        return "ALARM"
    if len(real) >= periods or missing in ("breaching", "notBreaching"):
        return "OK"
    if not real:
        return None if missing == "ignore" else "INSUFFICIENT_DATA"
    oldest = next(age for age, each in enumerate(breaches) if each is not None)
    if all(real) and len(breaches) - oldest >= needed:
        # It has breached the threshold long enough, and nothing says that it has stopped.
        return None if missing == "ignore" else "ALARM"
    return "OK"
