"""Prices of instances on demand, in dollars per hour, for the fleet's budget and for reports of its cost.

Linux in us-east-1, from https://aws.amazon.com/ec2/pricing/on-demand/ as known in November 2026. The list was not read
for this table, so each price is an estimate until you have checked it. A stage overrides them by instance type.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ON_DEMAND: Final[Mapping[str, float]] = MappingProxyType(
    {
        "g4dn.xlarge": 0.526,
        "g5.xlarge": 1.006,
        "g6.xlarge": 0.8048,
        "gr6.4xlarge": 1.5392,
        "g6e.xlarge": 1.861,
    }
)
