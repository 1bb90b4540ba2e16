"""Spot in the simulation: capacity by zone, notices of two minutes, and what an interrupted task returns."""

from collections.abc import Mapping

import pytest

from craftspark.fleet.decisions import PoolDecision
from craftspark.fleet.observations import FleetObservation
from simulation.demand import BULK, INTERACTIVE, Demand, Job
from simulation.engine import simulate
from simulation.policies import Messages
from simulation.results import Result
from simulation.supply import ColdStart, Launches, Prices, Supply, Zone

NO_INTERRUPTIONS = Supply(interruptions_per_hour=0.0)


class Constant:
    """The same tasks at every decision. Remembers what it observed."""

    every_s = 20.0

    def __init__(self, *, spot: int = 0, on_demand: int = 0) -> None:
        self.desired = PoolDecision(spot=spot, on_demand=on_demand, reason="constant")
        self.seen: list[FleetObservation] = []

    def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
        self.seen.append(observation)
        return dict.fromkeys(observation.pools, self.desired)


def one_job(at: float, *, images: int, image_s: float, lane: int = INTERACTIVE) -> Job:
    return Job(at=at, images=images, image_s=image_s, maker=1, lane=lane)


def demand(*jobs: Job, length_s: float = 1200.0) -> Demand:
    return Demand(name="jobs", jobs=sorted(jobs, key=lambda job: job.at), length_s=length_s)


def zones(*capacity: tuple[float, int]) -> Supply:
    return Supply(zones=(Zone(name="a", capacity=capacity),), interruptions_per_hour=0.0)


def run_until_taken_back(job: Job, at: float) -> tuple[Result, Constant]:
    """One spot task that is ready at 120 s. Its zone loses its only place at `at`, and has it back at 1,000 s."""
    policy = Constant(spot=1)
    return simulate(policy, demand(job), zones((0.0, 1), (at, 0), (1000.0, 1))), policy


def test_a_notice_comes_two_minutes_before_and_the_task_finishes_the_images_that_fit() -> None:
    # The notice comes at 480 s. Images of 100 s end at 200, 300, 400 and 500 s; the next does not fit into 110 s.
    result, _ = run_until_taken_back(one_job(100.0, images=6, image_s=100.0), 600.0)

    first, second = result.tasks[0], result.tasks[1]
    assert result.interrupted_at == [480.0]
    assert first.ended == pytest.approx(520.0)
    assert not result.cut_off
    # Two images are left for the next task: a cold start after 1,000 s, when the zone has a place again.
    assert second.launched == pytest.approx(1000.0)
    assert result.outcomes.ended[0] == pytest.approx(1000.0 + 120.0 + 200.0)


def test_an_image_that_does_not_fit_is_cut_off_at_the_end_of_the_grace() -> None:
    result, _ = run_until_taken_back(one_job(100.0, images=1, image_s=600.0), 600.0)

    assert result.tasks[0].ended == pytest.approx(480.0 + 110.0)
    assert [*result.cut_off[0]] == pytest.approx([590.0, 470.0])
    assert len(result.cut_off) == 1
    assert result.rendered_s == pytest.approx(600.0)
    assert result.measure().wasted_s == pytest.approx(470.0)


def test_an_idle_task_stops_at_once_and_the_market_shows_the_notice_and_the_failed_launch() -> None:
    result, policy = run_until_taken_back(one_job(100.0, images=1, image_s=10.0), 600.0)

    assert result.tasks[0].ended == pytest.approx(480.0)
    (market,) = next(each for each in policy.seen if each.at >= 480.0).pools["draw"].markets
    assert (market.zone, market.interrupted, market.failed > 0) == ("a", 1, True)


def test_tasks_go_to_the_zone_with_most_room_and_no_more_than_fit() -> None:
    supply = Supply(
        zones=(Zone(name="a", capacity=((0.0, 2),)), Zone(name="b", capacity=((0.0, 3),))), interruptions_per_hour=0.0
    )

    result = simulate(Constant(spot=9), demand(length_s=100.0), supply)

    assert [task.zone for task in result.tasks] == [1, 0, 1, 0, 1]


def test_launches_keep_to_their_rate() -> None:
    supply = Supply(launches=Launches(burst=3, per_s=0.1), interruptions_per_hour=0.0)

    result = simulate(Constant(spot=8), demand(length_s=100.0), supply)

    assert [task.launched for task in result.tasks] == [0.0, 0.0, 0.0, 20.0, 20.0, 40.0, 40.0, 60.0]


def test_on_demand_tasks_launch_after_their_delay_and_have_their_price() -> None:
    supply = Supply(
        cold_start=ColdStart(boot_s=20.0, image_s=20.0, model_s=20.0),
        on_demand_delay_s=15.0,
        prices=Prices(spot=1.0, on_demand=3.0),
    )

    result = simulate(Constant(on_demand=1), demand(one_job(0.0, images=1, image_s=5.0), length_s=3615.0), supply)

    assert result.outcomes.started[0] == pytest.approx(75.0)
    assert result.measure().dollars == pytest.approx(3.0)


def test_interactive_work_comes_between_two_images_of_a_bulk_batch() -> None:
    bulk = one_job(0.0, images=4, image_s=50.0, lane=BULK)
    interactive = one_job(130.0, images=1, image_s=5.0)

    result = simulate(Constant(spot=1), demand(bulk, interactive), NO_INTERRUPTIONS)

    # The task is ready at 120 s; its first bulk image ends at 170 s.
    assert result.outcomes.started[1] == pytest.approx(170.0)
    assert result.outcomes.ended[0] == pytest.approx(120.0 + 200.0 + 5.0)
    assert result.rendered_s == pytest.approx(205.0)


def test_a_busy_task_is_protected_from_scale_in() -> None:
    class Shrinking(Constant):
        def decide(self, observation: FleetObservation, messages: Mapping[str, Messages]) -> Mapping[str, PoolDecision]:
            spot = 2 if observation.at < 140 else 0
            return {"draw": PoolDecision(spot=spot, on_demand=0, reason="")}

    result = simulate(Shrinking(), demand(one_job(0.0, images=1, image_s=200.0)), NO_INTERRUPTIONS)

    idle, busy = sorted(task.ended for task in result.tasks)
    assert idle == pytest.approx(140.0)
    assert busy == pytest.approx(120.0 + 200.0 + NO_INTERRUPTIONS.unprotect_s)
