import pytest

from craftspark.fleet.policy import demand
from tests.unit.fleet.observed import MONDAY

Arrived = demand.Arrived


def arrivals(rates: list[float]) -> Arrived:
    kept: Arrived = ()
    for step, rate in enumerate(rates):
        kept = demand.remember(kept, MONDAY + 20 * step, 20.0, 20.0 * rate)
    return kept


def measure(rates: list[float]) -> demand.Rate:
    return demand.measure(arrivals(rates))


def test_a_constant_rate_has_no_deviation() -> None:
    assert measure([4.0] * 40) == demand.Rate(now=4.0, deviation=0.0)


def test_one_job_is_not_the_rate_of_a_minute() -> None:
    assert measure([0.6]).now == pytest.approx(0.2)


def test_chance_is_averaged_over_minutes() -> None:
    rate = measure([4.0, 6.0] * 20)

    assert rate.now == pytest.approx(5.0)
    assert rate.deviation > 0.5


def test_a_rise_shows_in_the_next_interval() -> None:
    assert measure([*[9.0, 11.0] * 18, 30.0]).now == pytest.approx(30.0)


def test_a_rise_that_is_hidden_by_chance_at_first_shows_within_a_minute() -> None:
    assert measure([*[9.0, 11.0] * 18, 20.0, 21.0, 22.0]).now == pytest.approx(21.0)


def test_a_fall_shows_within_a_minute() -> None:
    assert measure([*[19.0, 21.0] * 18, 5.0, 4.0, 6.0]).now == pytest.approx(5.0)


def test_few_arrivals_are_erratic_and_count_for_three_minutes() -> None:
    rate = measure([0.0] * 29 + [1.8])

    assert rate.is_few
    assert rate.now == pytest.approx(0.2)
    assert measure([1.8] + [0.0] * 29).now == 0


def test_clusters_of_arrivals_are_erratic_and_a_step_is_not() -> None:
    assert measure([*[0.0] * 9, 100.0] * 3).is_irregular
    assert measure([*[0.0] * 9, 100.0] * 3).now == pytest.approx(10.0)
    assert not measure([*[9.0, 11.0] * 10, *[99.0, 101.0] * 5]).is_irregular


def test_a_rise_after_few_arrivals_is_no_rate_until_it_has_lasted() -> None:
    young = measure([0.0] * 26 + [22.0] * 4)
    lasting = measure([0.0] * 21 + [22.0] * 9)

    assert young.is_few
    assert young.now == pytest.approx(22.0 * 4 / 9)
    assert not lasting.is_few
    assert lasting.now == pytest.approx(22.0)
    assert not measure([2.0] * 26 + [22.0] * 4).is_few


def test_a_cluster_that_nothing_follows_counts_for_three_minutes() -> None:
    cluster = [0.0] * 9 + [300.0] * 2

    assert measure(cluster).now > 0
    assert measure(cluster + [0.0] * 9).now == 0


def test_chance_that_changes_a_minute_much_is_irregular() -> None:
    assert measure([0.96, 3.04] * 15).is_irregular
    assert not measure([17.0, 23.0] * 15).is_irregular


def test_old_intervals_are_forgotten() -> None:
    assert len(arrivals([1.0] * 500)) == demand.KEPT_S / 20
