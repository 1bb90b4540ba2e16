"""The simulation's engine: every job ends once, and tasks are paid for the time that they exist."""

from itertools import pairwise

import pytest

from simulation.days import DayShape, build_days
from simulation.demand import Demand, Job
from simulation.engine import simulate
from simulation.policies.fleet import FleetPolicy
from simulation.policies.reactive import Reactive
from simulation.supply import ColdStart, Supply

SMALL = DayShape(jobs_per_day=3000, night=0.3)


def jobs(*at: float, images: int = 1, image_s: float = 10.0) -> Demand:
    return Demand(
        name="jobs", jobs=[Job(at=each, images=images, image_s=image_s, maker=1) for each in at], length_s=600.0
    )


def test_every_job_ends_once_and_all_its_work_is_done() -> None:
    result = simulate(Reactive(), build_days(1, days=1, shape=SMALL))

    times = zip(result.demand.jobs, result.outcomes.started, result.outcomes.ended, strict=True)
    assert all(ended >= started >= job.at for job, started, ended in times)
    assert result.rendered_s == pytest.approx(sum(job.work_s for job in result.demand.jobs))
    assert not any(result.outcomes.open)


def test_paid_time_is_the_time_of_all_tasks() -> None:
    result = simulate(Reactive(), build_days(1, days=1, shape=SMALL))

    figures = result.measure()

    assert figures.paid_s == pytest.approx(sum(task.ended - task.launched for task in result.tasks))
    assert figures.dollars == pytest.approx(figures.paid_s / 3600 * result.supply.prices.spot)


def test_a_span_has_its_own_share_of_the_cost() -> None:
    result = simulate(Reactive(), build_days(1, days=2, shape=SMALL))

    spans = [result.measure(start, end) for start, end in pairwise((0.0, 40_000.0, 90_000.0, 1e9))]

    assert sum(span.paid_s for span in spans) == pytest.approx(result.measure().paid_s)
    assert sum(span.jobs for span in spans) == len(result.demand.jobs)


def test_the_policy_can_use_every_observation_of_a_day() -> None:
    result = simulate(FleetPolicy(), build_days(3, days=1, shape=SMALL))

    assert [sample for sample in result.samples if "the last counts stand" in sample.reason] == []


def test_the_same_seed_gives_the_same_result() -> None:
    first, second = (simulate(Reactive(), build_days(7, days=1, shape=SMALL), seed=7).measure() for _ in range(2))

    assert first == second


@pytest.mark.parametrize("total_s", [120.0, 240.0])
def test_the_first_job_waits_for_a_cold_start_as_stated(total_s: float) -> None:
    cold_start = ColdStart.of(total_s)

    result = simulate(Reactive(), jobs(1.0), Supply(cold_start=cold_start, interruptions_per_hour=0))

    assert cold_start.boot_s + cold_start.image_s + cold_start.model_s == pytest.approx(total_s)
    # The policy is asked at 0 s and at 20 s; at 20 s it sees the job.
    assert result.outcomes.started[0] == pytest.approx(20.0 + total_s)
