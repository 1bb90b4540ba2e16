"""Values of the GPU fleet: what it may cost, and how large it may be."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from cdk_app.stages.pools import Pool
from cdk_app.stages.prices import ON_DEMAND
from cdk_app.stages.quantities import STRICT, Positive

Dollars = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Fleet:
    """The limits of all pools together. The controller sets no counts above them.

    `dollars_per_hour` bounds the instances of the pools' tasks by their prices. `prices` are dollars per hour on demand
    in the stage's region, by instance type; types that it leaves out have the estimates of `prices.py`. A spot instance
    counts as `spot_prices` says, or as `spot_percent` of the price on demand, which is an estimate: the bill has the
    price of the moment.
    """

    dollars_per_hour: Dollars
    max_tasks: Positive
    spot_percent: Annotated[int, Field(ge=1, le=100)] = 40
    prices: Mapping[str, Dollars] = field(default_factory=dict)
    spot_prices: Mapping[str, Dollars] = field(default_factory=dict)

    def find_price(self, kind: str) -> float | None:
        """Dollars for an hour of an instance type on demand, or None if nobody has stated it."""
        return self.prices.get(kind, ON_DEMAND.get(kind))

    def on_demand_price(self, pool: Pool) -> float:
        """Dollars for a task and hour on demand. EC2 takes the first instance type that it has."""
        return self._price(pool.instance_types[0])

    def spot_price(self, pool: Pool) -> float:
        """Dollars for a task and hour on spot, where EC2 may take any instance type of the pool."""
        prices = [
            self.spot_prices.get(kind, self._price(kind) * self.spot_percent / 100) for kind in pool.instance_types
        ]
        return round(sum(prices) / len(prices), 4)

    def _price(self, kind: str) -> float:
        price = self.find_price(kind)
        if price is None:
            raise ValueError(f"fleet.prices: {kind} has no price")
        return price

    def find_problems(self, pools: Mapping[str, Pool]) -> Iterator[str]:
        """What does not fit the pools, each with its field."""
        for name, pool in pools.items():
            if unknown := [kind for kind in pool.instance_types if self.find_price(kind) is None]:
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
