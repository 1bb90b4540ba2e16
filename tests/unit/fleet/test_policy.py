from dataclasses import replace

import pytest

from craftspark.fleet.decisions import Memory, PoolDecision
from craftspark.fleet.observations import DECIDE_EVERY_S, LaneWork, Limits, SpotMarket
from craftspark.fleet.policy.decide import decide
from craftspark.fleet.policy.demand import Rate
from craftspark.fleet.policy.need import interactive_need
from tests.unit.fleet.observed import COLD_START_S, MONDAY, PLENTY, Plant, fleet, on_demand, pool, spot


def steady(rate: float, **rest: object) -> Plant:
    return Plant(rate=lambda at: rate, **rest)  # type: ignore[arg-type]


def test_tasks_follow_the_rate_of_arrivals() -> None:
    decisions = steady(8.0).run(1800)

    assert (decisions[-1].spot, decisions[-1].on_demand) == (8, 0)
    assert "8.0 tasks for arrivals" in decisions[-1].reason


def test_a_tenfold_step_is_served_within_five_minutes() -> None:
    plant = Plant(rate=lambda at: 5.0 if at < MONDAY + 1800 else 50.0)
    plant.run(1800 + 300)

    assert plant.running(plant.spot) >= 50
    assert max(each.pools["draw"].spot for each in plant.decisions) <= 100
    plant.run(600)
    assert plant.waiting_s == 0
    plant.run(600)
    assert plant.decisions[-1].pools["draw"].spot == 50


def test_a_pool_without_recent_work_has_no_tasks() -> None:
    plant = Plant(rate=lambda at: 3.0 if at < MONDAY + 600 else 0.0)
    plant.run(600)
    assert plant.decisions[-1].pools["draw"].spot >= 3

    plant.run(900)

    assert (plant.decisions[-1].pools["draw"].spot, plant.decisions[-1].pools["draw"].on_demand) == (0, 0)


def test_one_job_in_a_pool_that_sleeps_gets_one_task() -> None:
    decision = decide(fleet(draw=pool(arrived_s=12.0, waiting_s=12.0)), Memory(), PLENTY).pools["draw"]

    assert (decision.spot, decision.on_demand) == (1, 0)


def test_work_that_tasks_in_preparation_will_do_needs_no_further_tasks() -> None:
    first = decide(fleet(draw=pool(arrived_s=180.0, spot=spot(starting=20, oldest_start_s=20.0))), Memory(), PLENTY)

    def next_one(starting: int) -> PoolDecision:
        seen = pool(arrived_s=720.0, waiting_s=1000.0, spot=spot(running=5, starting=starting, oldest_start_s=100.0))
        return decide(fleet(MONDAY + 80, draw=seen), first.memory, PLENTY).pools["draw"]

    assert "0.0 for late work" in next_one(starting=20).reason
    assert "0.0 for late work" not in next_one(starting=0).reason


def test_erratic_arrivals_get_no_room_for_chance() -> None:
    memory = Memory()
    for step in range(30):
        cluster = pool(arrived_s=900.0 if step % 10 == 5 else 0.0, spot=spot(running=5))
        decision = decide(fleet(MONDAY + step * DECIDE_EVERY_S, draw=cluster), memory, PLENTY)
        memory = decision.memory

    assert decision.pools["draw"].spot == 5
    assert "erratic" in decision.pools["draw"].reason


def test_room_for_chance_grows_with_the_cold_start() -> None:
    chance = Rate(now=10.0, deviation=2.0)

    assert [interactive_need(chance, 10.0, 0.0, cold_start_s).interactive for cold_start_s in (120.0, 480.0)] == [
        11,
        12,
    ]


def test_a_wait_of_thirty_seconds_needs_no_further_tasks() -> None:
    even = Rate(now=10.0, deviation=0.0)

    assert [interactive_need(even, 10.0, backlog, 120.0).late for backlog in (300.0, 301.0)] == [0, 1]


def test_a_minimum_stays_without_any_work() -> None:
    idle = pool(spot=spot(minimum=2), on_demand=on_demand(minimum=1))

    decision = decide(fleet(draw=idle), Memory(), PLENTY).pools["draw"]

    assert (decision.spot, decision.on_demand) == (2, 1)


def test_on_demand_tasks_of_the_minimum_count_for_the_need() -> None:
    busy = pool(arrived_s=300.0, spot=spot(running=3), on_demand=on_demand(running=2, minimum=2))

    decision = decide(fleet(draw=busy), Memory(), PLENTY).pools["draw"]

    assert (decision.spot, decision.on_demand) == (3, 2)


@pytest.mark.parametrize("trouble", ["interrupted", "failed"])
def test_on_demand_covers_at_once_what_a_spot_market_does_not_give(trouble: str) -> None:
    markets = (SpotMarket(zone="us-east-1a", family="g6", running=3, **{trouble: 5}),)
    short = pool(arrived_s=480.0, spot=spot(running=3, starting=5), on_demand=on_demand(running=5))

    decision = decide(fleet(draw=replace(short, markets=markets)), Memory(), PLENTY).pools["draw"]

    assert (decision.spot, decision.on_demand) == (8, 5)
    assert "5 on demand, because spot lacks capacity" in decision.reason


def test_launches_that_fail_in_one_market_after_the_other_are_trouble_and_one_that_works_is_none() -> None:
    short = pool(arrived_s=480.0, spot=spot(running=3, starting=5), on_demand=on_demand(running=5))

    def decide_on(*steps: set[str]) -> int:
        """The tasks on demand, after launches failed in these zones at each decision."""
        memory, on_demand = Memory(), 0
        for step, failing in enumerate(steps):
            markets = tuple(SpotMarket(zone=zone, family="g6", failed=int(zone in failing)) for zone in "abc")
            observed = fleet(MONDAY + step * DECIDE_EVERY_S, draw=replace(short, markets=markets))
            decision = decide(observed, memory, PLENTY)
            memory, on_demand = decision.memory, decision.pools["draw"].on_demand
        return on_demand

    assert decide_on({"a"}, {"b"}, {"c"}) > 0
    assert decide_on({"a"}, {"b"}, {"a", "b"}) == 0
    assert decide_on({"a", "b"}, set(), set(), {"c"}) == 0


def test_on_demand_covers_spot_tasks_that_start_for_longer_than_a_cold_start() -> None:
    plant = steady(10.0, spot_capacity=lambda at: 4)
    decisions = plant.run(1800)

    assert decisions[0].on_demand == 0
    assert (decisions[-1].spot, decisions[-1].on_demand) == (10, 6)
    assert plant.waiting_s == 0


def test_on_demand_is_given_back_when_spot_is_healthy_again() -> None:
    plant = steady(10.0, spot_capacity=lambda at: 4 if at < MONDAY + 1800 else 1000)
    plant.run(1800)
    decisions = plant.run(1200)

    assert (decisions[-1].spot, decisions[-1].on_demand) == (10, 0)


def test_spot_that_costs_as_much_as_on_demand_is_not_used() -> None:
    dear = pool(arrived_s=300.0, spot=spot(price=1.0), on_demand=on_demand(running=5, price=1.0))

    decision = decide(fleet(draw=dear), Memory(), PLENTY).pools["draw"]

    assert (decision.spot, decision.on_demand) == (0, 5)


def bulk(waiting_s: float, oldest_s: float = 0.0) -> LaneWork:
    return LaneWork(waiting_s=waiting_s, oldest_s=oldest_s)


@pytest.mark.parametrize(
    ("work", "tasks"),
    [(bulk(0), 0), (bulk(10), 1), (bulk(15_000), 10), (bulk(15_000, oldest_s=750), 20)],
    ids=["none", "one job", "a lot", "half of the time is over"],
)
def test_bulk_work_gets_spot_tasks_that_end_it_in_time(work: LaneWork, tasks: int) -> None:
    decision = decide(fleet(draw=pool(bulk=work)), Memory(), PLENTY).pools["draw"]

    assert (decision.spot, decision.on_demand) == (tasks, 0)


def test_bulk_work_first_uses_the_room_of_the_interactive_lane() -> None:
    memory = Memory()
    for step in range(30):
        uneven = pool(arrived_s=120.0 if step % 2 else 80.0, spot=spot(running=7), bulk=bulk(600))
        decision = decide(fleet(MONDAY + step * DECIDE_EVERY_S, draw=uneven), memory, PLENTY)
        memory = decision.memory

    alone = pool(arrived_s=80.0, spot=spot(running=7))
    assert decision.pools["draw"].spot == decide(fleet(MONDAY + 600, draw=alone), memory, PLENTY).pools["draw"].spot


def test_bulk_work_waits_for_spot_and_gets_on_demand_when_its_time_ends() -> None:
    markets = (SpotMarket(zone="us-east-1a", family="g6", failed=5),)
    early = replace(pool(bulk=bulk(3000, oldest_s=300)), markets=markets)
    urgent = replace(pool(bulk=bulk(3000, oldest_s=1400)), markets=markets)

    assert decide(fleet(draw=early), Memory(), PLENTY).pools["draw"].on_demand == 0
    assert decide(fleet(draw=urgent), Memory(), PLENTY).pools["draw"].on_demand == 25


def test_the_cap_is_shared_and_the_reason_says_so() -> None:
    draw = pool(arrived_s=3000.0, spot=spot(running=50))
    observed = fleet(draw=draw, scale=pool(arrived_s=120.0, spot=spot(running=2)))

    decision = decide(observed, Memory(), Limits(dollars_per_hour=1000.0, max_tasks=12))

    assert (decision.pools["draw"].spot, decision.pools["scale"].spot) == (10, 2)
    assert "the stage's limits leave 10 of 50" in decision.pools["draw"].reason
    assert supply(decision.pools["draw"]).obtainable == 0
    assert supply(decision.pools["draw"]).reason == "the stage's cap on tasks"


def test_a_count_over_the_cap_comes_down_to_it() -> None:
    running = pool(arrived_s=1200.0, spot=spot(running=20, desired=20, maximum=8), on_demand=on_demand(maximum=1))

    decision = decide(fleet(draw=running), Memory(), PLENTY).pools["draw"]

    assert (decision.spot, decision.on_demand) == (8, 1)


def supply(decision: PoolDecision):  # type: ignore[no-untyped-def]
    assert decision.supply is not None
    return decision.supply


def test_admission_may_count_on_what_runs_starts_and_can_be_added() -> None:
    seen = pool(
        arrived_s=600.0,
        spot=spot(running=4, starting=3, oldest_start_s=50.0, maximum=20),
        on_demand=on_demand(running=1, maximum=5),
    )

    found = supply(decide(fleet(draw=seen), Memory(), PLENTY).pools["draw"])

    assert (found.running, found.obtainable, found.interactive_rate) == (5, 20 + 5 - 8, 10.0)
    assert sum(each.tasks for each in found.starting) == 3
    assert all(COLD_START_S - 50 <= each.ready_in_s <= COLD_START_S for each in found.starting)


def test_admission_counts_on_tasks_that_were_launched_for_a_batch() -> None:
    seen = replace(pool(arrived_s=600.0, spot=spot(running=4, maximum=20), on_demand=on_demand(running=1)), launched=2)
    same = replace(seen, launched=0)

    found, without = (supply(decide(fleet(draw=each), Memory(), PLENTY).pools["draw"]) for each in (seen, same))

    assert (found.on_demand.running, without.on_demand.running) == (3, 1)
    assert found.obtainable == without.obtainable


def test_nothing_can_be_added_while_no_capacity_type_is_available() -> None:
    markets = (SpotMarket(zone="us-east-1a", family="g6", failed=5),)
    stuck = {"starting": 6, "oldest_start_s": 500.0}
    seen = replace(pool(arrived_s=200.0, spot=spot(**stuck), on_demand=on_demand(**stuck)), markets=markets)  # type: ignore[arg-type]
    first = decide(fleet(draw=seen), Memory(), PLENTY)
    memory = first.memory
    for step in range(1, 12):
        last = decide(fleet(MONDAY + step * DECIDE_EVERY_S, draw=seen), memory, PLENTY)
        memory = last.memory

    assert supply(last.pools["draw"]).obtainable == 0
    assert supply(last.pools["draw"]).reason == "no capacity"
