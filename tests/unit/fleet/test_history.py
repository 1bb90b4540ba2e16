import pytest

from craftspark.fleet.decisions import History
from craftspark.fleet.policy import history
from tests.unit.fleet.observed import MONDAY

STEP_S = 60.0
WAKE = 6 * 3600.0


def wakes_up(seconds: float) -> float:
    """The rate at this time of the day: a tenfold rise at six."""
    return 2.0 if seconds < WAKE else 20.0


def flat(seconds: float) -> float:
    return 8.0


def live(past: History, begin: float, end: float, rate) -> History:  # type: ignore[no-untyped-def]
    at = begin
    while at < end:
        at += STEP_S
        now = rate(at % history.DAY_S)
        past = history.observe(history.score(past, at, now), at, STEP_S, now)
        past = history.expect(past, at, 120.0, now, history.forecast(past, at, now, 120.0))
    return past


def day(rate, past: History = History(), number: int = 0) -> History:  # type: ignore[no-untyped-def]  # noqa: B008
    return live(past, MONDAY + number * history.DAY_S, MONDAY + (number + 1) * history.DAY_S + 1, rate)


def test_the_first_day_has_no_forecast() -> None:
    past = live(History(), MONDAY, MONDAY + WAKE - 60, wakes_up)

    assert history.forecast(past, MONDAY + WAKE - 60, 2.0, 120.0) == 2.0


def test_the_rise_of_earlier_days_is_expected_before_it_comes() -> None:
    before = MONDAY + history.DAY_S + WAKE - 180
    past = live(day(wakes_up), MONDAY + history.DAY_S, before, wakes_up)

    assert history.forecast(past, before, 2.0, 120.0) > 12.0
    assert history.forecast(past, before - 3600, 2.0, 120.0) == 2.0


def test_a_day_with_half_the_demand_expects_half_of_the_rise() -> None:
    half = live(day(wakes_up), MONDAY + history.DAY_S, MONDAY + history.DAY_S + WAKE - 180, lambda s: wakes_up(s) / 2)
    whole = live(day(wakes_up), MONDAY + history.DAY_S, MONDAY + history.DAY_S + WAKE - 180, wakes_up)

    at = MONDAY + history.DAY_S + WAKE - 180
    assert history.forecast(half, at, 1.0, 120.0) < 0.7 * history.forecast(whole, at, 2.0, 120.0)


def test_a_rise_that_came_already_is_not_added_again() -> None:
    past = day(wakes_up)

    assert history.forecast(past, MONDAY + history.DAY_S + WAKE - 180, 20.0, 120.0) == pytest.approx(20.0, rel=0.1)


def test_days_count_less_as_they_get_older() -> None:
    past = day(flat, day(lambda s: 4.0), number=1)

    assert 4.0 < (history.expected(past, MONDAY + 3600) or 0.0) < 8.0


def test_a_slot_that_was_hardly_observed_is_not_counted() -> None:
    past = history.observe(History(), MONDAY + 20, 20.0, 50.0)
    past = history.observe(past, MONDAY + 320, 20.0, 50.0)

    assert set(past.rates) == {None}


def test_a_forecast_that_was_wrong_at_this_hour_of_the_day_before_is_not_trusted() -> None:
    past = day(flat, day(wakes_up), number=1)

    assert not history.is_trusted(past, MONDAY + 2 * history.DAY_S + WAKE - 60)
    assert history.is_trusted(past, MONDAY + 2 * history.DAY_S + 3 * 3600)


def test_a_forecast_that_was_right_is_trusted() -> None:
    past = day(wakes_up, day(wakes_up), number=1)

    assert history.is_trusted(past, MONDAY + 2 * history.DAY_S + WAKE - 60)


def test_the_memory_of_a_pool_stays_small() -> None:
    past = day(lambda s: 1234.567, day(wakes_up), number=1)

    assert len(past.to_text()) < 6_000
