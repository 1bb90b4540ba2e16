"""Admission: which jobs are refused, by the product's own rule, for makers of several plans."""

from collections.abc import Mapping
from math import inf

from craftspark.accounts.plans import PLANS
from craftspark.fleet.admission import Outlook, is_admitted, wait_in_bulk, wait_in_interactive
from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.supply import PoolSupply, StartingTasks
from simulation.demand import BULK, INTERACTIVE, Job
from simulation.model.pools import Pool
from simulation.supply import Supply

# The share of makers with each plan. No one publishes such shares of a service like this: they are an assumption.
PLAN_SHARES: Mapping[str, float] = {"free": 0.6, "plus": 0.25, "pro": 0.1, "partner": 0.05}
# What becomes of a job. The bulk lane is offered to a refused job if its plan has the lane and it ends in time there.
ADMITTED, REFUSED, OFFERED_BULK = range(3)
# A cold start that is observed is at least this long. Seconds.
SHORTEST_START_S = 1.0
SURE_WAIT_S = min(PLANS[name].admitted_wait_s for name in PLAN_SHARES)


def plan_of(maker: int) -> str:
    """The plan of a maker: the same in every run, and without a pattern in the makers' numbers."""
    place = maker * 2_654_435_761 % 2**32 / 2**32
    for name, share in PLAN_SHARES.items():
        if place < share:
            return name
        place -= share
    return name


class Admission:
    """Judges each submission by the tasks that the last decision of its pool left, as the product does.

    The fleet's policy says itself what can still be added. For other policies, every task below the pool's maximum
    counts as obtainable.
    """

    def __init__(self, pools: Mapping[str, Pool], supply: Supply) -> None:
        self._pools, self._supply = pools, supply
        self._records: dict[str, PoolSupply | None] = {}
        self._others: dict[str, tuple[float, Outlook]] = {}  # of other policies, with the time of the decision
        self._sure_s = dict.fromkeys(pools, 0.0)

    def learn(self, pool: str, decision: PoolDecision, running: int) -> None:
        """Note a decision, which was made while `running` tasks took work."""
        self._records[pool] = decision.supply
        self._others.pop(pool, None)
        self._sure_s[pool] = SURE_WAIT_S * running

    def judge(self, job: Job, now: float) -> int:
        """ADMITTED, REFUSED or OFFERED_BULK."""
        pool = self._pools[job.pool]
        interactive_s = pool.measure_work_s(INTERACTIVE, now)
        # The tasks that run do this work within the wait that every plan accepts. Most jobs need no further question.
        if job.lane == INTERACTIVE and interactive_s <= self._sure_s[job.pool]:
            return ADMITTED
        outlook = self._find_outlook(job.pool, now)
        if job.lane == BULK:
            return ADMITTED if self._in_bulk(pool, outlook, interactive_s, now) else REFUSED
        plan = PLANS[plan_of(job.maker)]
        wait = wait_in_interactive(outlook, interactive_s)
        if wait.seconds <= self._supply.deadline_s and is_admitted(wait, plan.admitted_wait_s):
            return ADMITTED
        offered = wait.seconds < inf and "bulk" in plan.lanes and self._in_bulk(pool, outlook, interactive_s, now)
        return OFFERED_BULK if offered else REFUSED

    def _in_bulk(self, pool: Pool, outlook: Outlook, interactive_s: float, now: float) -> bool:
        """Whether the bulk lane accepts a job."""
        wait = wait_in_bulk(outlook, interactive_s, pool.measure_work_s(BULK, now))
        return wait.seconds <= self._supply.deadline_s

    def _find_outlook(self, pool: str, now: float) -> Outlook:
        if record := self._records.get(pool):
            return Outlook.of(record, now)
        if pool not in self._others:
            self._others[pool] = now, self._observe(self._pools[pool], now)
        return self._others[pool][1]

    def _observe(self, pool: Pool, now: float) -> Outlook:
        cold_start_s = max(SHORTEST_START_S, self._supply.cold_start.total_s)
        starting = [
            StartingTasks(tasks=1, ready_in_s=max(0.0, requested + cold_start_s - now))
            for requested in pool.list_starts()
        ]
        present = sum(service.active for service in pool.services)
        return Outlook(
            running=present - len(starting),
            starting=tuple(starting),
            obtainable=max(0, self._supply.max_tasks - present),
            cold_start_s=cold_start_s,
            interactive_rate=None,
        )
