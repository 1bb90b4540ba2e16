"""What spot can save at most."""

import pytest

from simulation.bound import find_least_cost
from simulation.demand import Demand, Job
from simulation.supply import Prices, Supply, Zone

PRICES = Prices(spot=0.4, on_demand=1.0)


def steady(tasks: int, length_s: float = 1200.0) -> Demand:
    """A job of a minute for each task in each minute."""
    jobs = [Job(at=60.0 * minute, images=tasks, image_s=60.0, maker=1) for minute in range(int(length_s // 60))]
    return Demand(name="steady", jobs=jobs, length_s=length_s)


def supply(*capacities: tuple[tuple[float, int], ...]) -> Supply:
    zones = tuple(Zone(name=str(index), capacity=capacity) for index, capacity in enumerate(capacities))
    return Supply(zones=zones, prices=PRICES)


def test_spot_without_limits_does_all_the_work() -> None:
    assert find_least_cost(steady(4), Supply(prices=PRICES)) == pytest.approx(0.4)


def test_work_beyond_the_room_of_all_zones_is_on_demand() -> None:
    room = supply(((0.0, 1),), ((0.0, 0), (600.0, 2)))

    # A quarter of the work fits in the first half, and three quarters in the second.
    assert find_least_cost(steady(4), room) == pytest.approx(0.5 * 0.4 + 0.5 * 1.0)


def test_no_spot_and_no_work_save_nothing() -> None:
    assert find_least_cost(steady(4), supply(((0.0, 0),))) == pytest.approx(1.0)
    assert find_least_cost(steady(0), Supply(prices=PRICES)) == pytest.approx(1.0)
