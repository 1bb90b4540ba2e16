"""Values of the GPU fleet: what it may cost, and how large it may be."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from cdk_app.stages.pools import Pool
from cdk_app.stages.quantities import STRICT, Positive

Dollars = Annotated[float, Field(gt=0, allow_inf_nan=False)]

# Linux on demand in us-east-1, as docs/deploy.md has them. See https://aws.amazon.com/ec2/pricing/on-demand/.
LIST_PRICES = {
    "g4dn.xlarge": 0.526,
    "g5.xlarge": 1.006,
    "g6.xlarge": 0.8048,
    "gr6.4xlarge": 1.5392,
    "g6e.xlarge": 1.861,
}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Fleet:
    """The limits of all pools together. The controller sets no counts above them.

    `dollars_per_hour` bounds the instances of the pools' services by their prices. `prices` are dollars per hour on
    demand, by instance type, in the stage's region. A spot instance counts as `spot_percent` of that, which is an
    estimate: the bill has the price of the moment.
    """

    dollars_per_hour: Dollars
    max_tasks: Positive
    spot_percent: Annotated[int, Field(ge=1, le=100)] = 40
    prices: Mapping[str, Dollars] = field(default_factory=lambda: LIST_PRICES)

    def on_demand_price(self, pool: Pool) -> float:
        """Dollars for a task and hour on demand. EC2 takes the first instance type that it has."""
        return self.prices[pool.instance_types[0]]

    def spot_price(self, pool: Pool) -> float:
        """Dollars for a task and hour on spot, where EC2 may take any instance type of the pool."""
        prices = [self.prices[kind] for kind in pool.instance_types]
        return round(sum(prices) / len(prices) * self.spot_percent / 100, 4)

    def find_problems(self, pools: Mapping[str, Pool]) -> Iterator[str]:
        """What does not fit the pools, each with its field."""
        for name, pool in pools.items():
            if unknown := [kind for kind in pool.instance_types if kind not in self.prices]:
                yield f"fleet.prices: {', '.join(unknown)} of the pool {name} has no price"
                return
        tasks = sum(pool.warm_tasks for pool in pools.values())
        if tasks > self.max_tasks:
            yield f"fleet.max_tasks: {tasks} warm tasks always run, which is more"
        cost = sum(
            pool.warm_spot_tasks * self.spot_price(pool) + pool.warm_on_demand_tasks * self.on_demand_price(pool)
            for pool in pools.values()
        )
        if cost > self.dollars_per_hour:
            yield f"fleet.dollars_per_hour: the warm tasks that always run cost {cost:.2f}, which is more"
