import pytest

from craftspark.fleet import demand
from tests.unit.fleet.observed import MONDAY

Arrived = demand.Arrived


def arrivals(rates: list[float]) -> Arrived:
    kept: Arrived = ()
    for step, rate in enumerate(rates):
        kept = demand.remember(kept, MONDAY + 20 * step, 20.0, 20.0 * rate)
    return kept


def measure(rates: list[float]) -> demand.Rate:
    return demand.measure(arrivals(rates), MONDAY + 20 * (len(rates) - 1))


def test_a_constant_rate_has_no_trend_and_no_deviation() -> None:
    assert measure([4.0] * 40) == demand.Rate(now=4.0, trend=0.0, deviation=0.0)


def test_one_job_is_not_the_rate_of_a_minute() -> None:
    assert measure([0.6]).now == pytest.approx(0.2)


def test_chance_is_averaged_over_minutes() -> None:
    rate = measure([4.0, 6.0] * 20)

    assert rate.now == pytest.approx(5.0, abs=0.2)
    assert rate.trend == 0
    assert rate.deviation > 0.5


def test_a_change_shows_within_a_minute() -> None:
    noisy = [9.0, 11.0] * 18
    rate = measure([*noisy, 30.0, 31.0, 32.0])

    assert rate.now == pytest.approx(31.0)
    assert rate.trend > 0.1
    assert rate.now < demand.extrapolate(rate, 120.0) <= 2 * rate.now


def test_a_fall_is_not_extrapolated() -> None:
    rate = measure([20.0] * 36 + [5.0] * 3)

    assert rate.now == pytest.approx(5.0)
    assert demand.extrapolate(rate, 120.0) == rate.now


def test_old_intervals_are_forgotten() -> None:
    assert len(arrivals([1.0] * 500)) == demand.KEPT_S / 20
