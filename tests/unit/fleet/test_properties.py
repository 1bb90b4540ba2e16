"""What holds for any observation, and that counts do not oscillate."""

from math import isfinite
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftspark.fleet.decisions import Memory
from craftspark.fleet.observations import (
    DECIDE_EVERY_S,
    FleetObservation,
    LaneWork,
    Limits,
    PoolObservation,
    SpotMarket,
    Tasks,
)
from craftspark.fleet.policy.checks import MOST_SECONDS, Unusable
from craftspark.fleet.policy.decide import decide
from tests.unit.fleet.observed import MONDAY, PLENTY, Plant, fleet, spot
from tests.unit.fleet.observed import pool as observe

counts = st.integers(0, 60)
seconds = st.floats(0.0, 20_000.0)
lanes = st.builds(
    LaneWork, waiting_s=seconds, late_s=seconds, in_progress_s=seconds, arrived_s=seconds, oldest_s=seconds
)
markets = st.builds(SpotMarket, zone=st.just("a"), family=st.just("g6"), running=counts, interrupted=counts)


def capacity(price: float) -> st.SearchStrategy[Tasks]:
    return st.builds(
        Tasks,
        running=counts,
        starting=counts,
        oldest_start_s=seconds,
        draining=counts,
        desired=counts,
        minimum=st.integers(0, 5),
        maximum=st.integers(5, 80),
        price=st.just(price),
    )


pools = st.builds(
    PoolObservation,
    interactive=lanes,
    bulk=lanes,
    spot=capacity(0.4),
    on_demand=capacity(1.0),
    markets=st.tuples(markets),
    cold_start_s=st.floats(10.0, 900.0),
)
fleets = st.dictionaries(st.sampled_from(["draw", "scale", "rare"]), pools, max_size=3)


@given(st.lists(fleets, min_size=1, max_size=4), st.integers(0, 100), st.floats(0.0, 60.0))
def test_decisions_stay_within_all_limits(seen: list[dict[str, PoolObservation]], most: int, dollars: float) -> None:
    limits, memory = Limits(dollars_per_hour=dollars, max_tasks=most), Memory()
    for step, each in enumerate(seen):
        decision = decide(FleetObservation(at=MONDAY + 20 * step, pools=each), memory, limits)
        memory = Memory.parse(decision.memory.to_text())
        assert memory == decision.memory

        assert sum(pool.spot + pool.on_demand for pool in decision.pools.values()) <= most
        assert sum(0.4 * pool.spot + pool.on_demand for pool in decision.pools.values()) <= dollars + 1e-6
        for name, pool in each.items():
            decided = decision.pools[name]
            assert 0 <= decided.spot <= pool.spot.maximum
            assert 0 <= decided.on_demand <= pool.on_demand.maximum
            assert decided.reason
            assert decided.supply is not None
            assert decided.supply.obtainable >= 0


anything = st.floats() | st.just(0.0)
any_count = st.integers(-5, 10**12)


@given(
    st.builds(
        FleetObservation,
        at=anything | st.just(MONDAY),
        pools=st.dictionaries(
            st.sampled_from(["draw", "scale"]),
            st.builds(
                PoolObservation,
                interactive=st.builds(LaneWork, waiting_s=anything, arrived_s=anything, late_s=anything),
                bulk=st.builds(LaneWork, waiting_s=anything, oldest_s=anything),
                spot=st.builds(Tasks, running=any_count, starting=any_count, maximum=any_count, price=anything),
                on_demand=st.builds(Tasks, running=any_count, maximum=any_count, price=anything),
                cold_start_s=anything,
            ),
        ),
    )
)
def test_an_absurd_observation_gives_a_fault_or_a_decision_within_the_limits(seen: FleetObservation) -> None:
    limits = Limits(dollars_per_hour=50.0, max_tasks=40)
    if not 0 <= seen.at < MOST_SECONDS:
        with pytest.raises(Unusable):
            decide(seen, Memory(), limits)
        return

    decision = decide(seen, Memory(), limits)

    assert sum(pool.spot + pool.on_demand for pool in decision.pools.values()) <= 40
    assert all(isfinite(rate) for pool in decision.memory.pools.values() for _, rate in pool.arrived)


arrivals = st.lists(st.floats(0.0, 3000.0), min_size=1, max_size=30)


@given(arrivals, seconds, seconds, st.integers(0, 40), st.sampled_from([60.0, 120.0, 240.0]))
def test_more_waiting_work_never_gives_fewer_tasks(
    arrived: list[float], waiting_s: float, more_s: float, running: int, cold_start_s: float
) -> None:
    memory, at = Memory(), MONDAY
    for work_s in arrived[:-1]:
        seen = observe(arrived_s=work_s, spot=spot(running=running), cold_start_s=cold_start_s)
        memory, at = decide(fleet(at, draw=seen), memory, PLENTY).memory, at + DECIDE_EVERY_S

    def count(waiting_s: float) -> int:
        seen = observe(
            arrived_s=arrived[-1], waiting_s=waiting_s, spot=spot(running=running), cold_start_s=cold_start_s
        )
        return decide(fleet(at, draw=seen), memory, PLENTY).pools["draw"].spot

    assert count(waiting_s) <= count(waiting_s + more_s)


@pytest.mark.parametrize("every_s", [60, 100, 140])
def test_jobs_that_come_seldom_but_regularly_keep_one_task(every_s: int) -> None:
    plant = Plant(rate=lambda at: 1.0 if (at - MONDAY) % every_s < DECIDE_EVERY_S else 0.0, has_spot=False)
    plant.run(1800)

    assert {each.on_demand for each in plant.run(3600)} == {1}


@settings(max_examples=10, deadline=None)
@given(st.just(0.0) | st.floats(0.05, 60.0), st.sampled_from([60.0, 120.0, 240.0]), st.booleans())
def test_counts_settle_under_constant_demand(rate: float, cold_start_s: float, has_spot: bool) -> None:
    plant = Plant(rate=lambda at: rate, has_spot=has_spot, cold_start_s=cold_start_s)
    plant.run(2400 + 4 * cold_start_s)

    later = {(each.spot, each.on_demand) for each in plant.run(1800)}

    assert len(later) == 1
    assert rate <= sum(later.pop()) < rate + 1 + 1e-6


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rate", [2.0, 10.0, 60.0])
def test_noisy_demand_changes_counts_seldom(seed: int, rate: float) -> None:
    random = Random(seed)
    plant = Plant(rate=lambda at: max(0.0, random.gauss(rate, rate**0.5)), has_spot=False)
    plant.run(1800)

    totals = [each.spot + each.on_demand for each in plant.run(3600)]
    turns = sum((b - a) * (c - b) < 0 for a, b, c in zip(totals, totals[1:], totals[2:], strict=False))

    assert turns <= len(totals) / 6
    assert max(totals) <= 2 * (rate + 3 * rate**0.5) + 2
