from datetime import timedelta
from typing import Any

import pytest

from craftspark.jobs.job import JobState, job_id_of
from craftspark.notifications.polling import MAX_PAUSE_S, MIN_PAUSE_S, next_poll_s
from tests.fakes import NOON, a_job


def after(seconds: float, *, wait_s: int = 0, render_s: int = 0, done: float = 0.0, running: bool = False) -> int:
    changes: dict[str, Any] = {"state": JobState.RUNNING, "started_at": NOON} if running else {}
    job = a_job(estimated_wait_s=wait_s, estimated_render_s=render_s, **changes)
    return next_poll_s(job, done, NOON + timedelta(seconds=seconds))


def test_the_next_poll_is_sooner_when_less_time_is_left() -> None:
    looks = [after(passed, wait_s=30, render_s=5) for passed in range(0, 26, 5)]

    assert looks == sorted(looks, reverse=True)
    assert looks[0] > 15
    assert looks[-1] < 10


def test_the_time_to_the_next_poll_has_limits() -> None:
    assert after(0) == MIN_PAUSE_S
    assert after(0, wait_s=10_000) == MAX_PAUSE_S
    assert after(10_000) == MAX_PAUSE_S
    assert after(-100, wait_s=1) <= MAX_PAUSE_S


def test_a_late_job_is_polled_less_and_less_often() -> None:
    assert [after(passed, wait_s=1, render_s=1) for passed in (3, 30, 300)] == [1, pytest.approx(4, abs=1), MAX_PAUSE_S]


def test_the_polls_of_a_running_job_follow_its_remaining_time() -> None:
    assert after(0, render_s=40, running=True) > after(0, render_s=10, running=True)
    # Half of the work took 60 s, and the estimate for it was 20 s.
    assert after(60, render_s=20, done=0.5, running=True) > after(18, render_s=20, done=0.9, running=True)


def test_few_polls_see_the_end_soon_after_it() -> None:
    ends_at, at, looks = 40.0, 0.0, 0
    while at < ends_at:
        at += after(at, wait_s=35, render_s=5)
        looks += 1

    assert looks <= 8
    assert at - ends_at <= 3


def test_jobs_of_the_same_time_are_polled_at_different_times() -> None:
    jobs = [a_job(job_id=job_id_of("maker", str(number)), estimated_wait_s=30) for number in range(200)]

    looks = [next_poll_s(job, 0.0, NOON) for job in jobs]

    assert looks == [next_poll_s(job, 0.0, NOON) for job in jobs]
    assert min(looks) >= 30 * 0.7 * 0.85
    assert max(looks) - min(looks) >= 4
