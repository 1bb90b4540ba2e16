"""The simulation against queueing theory: arrivals at random to a fixed number of tasks."""

from math import factorial
from random import Random
from statistics import mean

import pytest

from simulation.demand import Demand, Job
from simulation.engine import simulate
from simulation.fairness import FIRST_IN_FIRST_OUT
from simulation.supply import ColdStart, Supply
from tests.unit.simulation.test_spot import Constant

SERVICE_S = 10.0
WARM = Supply(cold_start=ColdStart(boot_s=0.0, image_s=0.0, model_s=0.0), interruptions_per_hour=0.0)


def mean_wait(tasks: int, load: float, *, fixed: bool, jobs: int) -> float:
    random = Random(5)
    at, arrivals = 1.0, []
    for index in range(jobs):
        at += random.expovariate(load * tasks / SERVICE_S)
        duration = SERVICE_S if fixed else random.expovariate(1 / SERVICE_S)
        arrivals.append(Job(at=at, images=1, image_s=duration, maker=index))
    demand = Demand(name="theory", jobs=arrivals, length_s=at + 1)
    result = simulate(Constant(spot=tasks), demand, WARM, fairness=FIRST_IN_FIRST_OUT)
    return mean(started - job.at for job, started in zip(arrivals, result.outcomes.started, strict=True))


def erlang_wait(tasks: int, load: float) -> float:
    """The mean wait of M/M/c by Erlang's C formula."""
    offered = tasks * load
    rest = offered**tasks / factorial(tasks) / (1 - load)
    waits = rest / (sum(offered**each / factorial(each) for each in range(tasks)) + rest)
    return waits * SERVICE_S / (tasks * (1 - load))


def test_one_task_with_fixed_times_waits_as_pollaczek_and_khinchine_say() -> None:
    load = 0.7

    wait = mean_wait(1, load, fixed=True, jobs=30_000)

    assert wait == pytest.approx(load * SERVICE_S / (2 * (1 - load)), rel=0.08)


def test_several_tasks_with_random_times_wait_as_erlang_says() -> None:
    assert mean_wait(4, 0.8, fixed=False, jobs=30_000) == pytest.approx(erlang_wait(4, 0.8), rel=0.12)


def test_several_tasks_with_fixed_times_wait_about_half_as_long() -> None:
    # Fixed times halve the wait of random ones, nearly, at high loads.
    assert mean_wait(4, 0.8, fixed=True, jobs=30_000) == pytest.approx(erlang_wait(4, 0.8) / 2, rel=0.15)
