from dataclasses import replace
from datetime import timedelta

import pytest

from craftspark.errors import InvalidInput
from craftspark.errors.styles import CanaryRunning
from craftspark.styles.releases import Decision, Gates, Likeness, Release, Tally, judge_canary
from tests.fakes import NOON

ENDS = NOON + timedelta(hours=1)
GATES = Gates(least_jobs=10, most_failed_percent=5, more_failed_points=2, slower_percent=25, worse_percent=10)
ON_TRIAL = Release(style="sunny", model="m", stable="v1", canary="v2", share=20, trial="sunny.v2", canary_until=ENDS)


def a_tally(jobs: int = 10, *, failed: int = 0, render_s: float = 0.0) -> Tally:
    return Tally(jobs=jobs, images=4 * jobs, failed=failed, render_s=render_s)


def test_a_job_has_the_same_version_however_often_it_is_asked_for() -> None:
    assert ON_TRIAL.pin("job-1", NOON) == ON_TRIAL.pin("job-1", NOON)


def test_the_canary_draws_its_share_of_the_jobs() -> None:
    pins = [ON_TRIAL.pin(f"job-{number}", NOON) for number in range(5000)]

    drawn = sum(pin is not None and pin.version == "v2" for pin in pins) / len(pins)

    assert drawn == pytest.approx(0.2, abs=0.02)
    assert {pin.trial for pin in pins if pin} == {"sunny.v2"}


def test_two_trials_choose_different_jobs() -> None:
    later = replace(ON_TRIAL, trial="sunny.v3")
    jobs = [f"job-{number}" for number in range(200)]

    assert [ON_TRIAL.pin(job, NOON) == replace(ON_TRIAL, share=0).pin(job, NOON) for job in jobs] != [
        later.pin(job, NOON) == replace(later, share=0).pin(job, NOON) for job in jobs
    ]


def test_the_first_version_of_a_style_draws_every_job_of_its_trial() -> None:
    first = replace(ON_TRIAL, stable="", share=1)

    pins = [first.pin(f"job-{number}", NOON) for number in range(100)]

    assert {pin.version for pin in pins if pin} == {"v2"}
    assert all(pins)


def test_a_canary_draws_until_its_time_is_over_even_if_it_is_not_judged() -> None:
    jobs = [f"job-{number}" for number in range(100)]
    last, over = ENDS - timedelta(milliseconds=1), ENDS

    assert {pin.version for job in jobs if (pin := ON_TRIAL.pin(job, last))} == {"v1", "v2"}
    assert {(pin.version, pin.trial) for job in jobs if (pin := ON_TRIAL.pin(job, over))} == {("v1", "")}
    # The first version of a style has no other version to return to.
    assert {pin.version for job in jobs if (pin := replace(ON_TRIAL, stable="").pin(job, over))} == {"v2"}


def test_without_a_trial_the_stable_version_draws_and_nothing_is_counted() -> None:
    pin = Release(style="sunny", model="m", stable="v1").pin("job-1", NOON)

    assert pin
    assert (pin.version, pin.trial) == ("v1", "")


def test_a_style_whose_only_version_was_rolled_back_draws_nothing() -> None:
    assert Release(style="sunny", model="m").pin("job-1", NOON) is None


def test_a_canary_waits_for_enough_jobs() -> None:
    assert judge_canary(a_tally(9), a_tally(), GATES, time_is_over=False).decision is Decision.WAIT
    assert judge_canary(a_tally(10), a_tally(), GATES, time_is_over=False).decision is Decision.PROMOTE


def test_a_canary_is_judged_by_its_jobs_so_far_when_its_time_is_over() -> None:
    assert judge_canary(a_tally(1), Tally(), GATES, time_is_over=True).decision is Decision.PROMOTE
    assert judge_canary(a_tally(1, failed=1), Tally(), GATES, time_is_over=True).decision is Decision.ROLL_BACK
    assert judge_canary(Tally(), Tally(), GATES, time_is_over=True).decision is Decision.PROMOTE


def test_a_canary_that_fails_more_than_the_absolute_bound_is_rolled_back() -> None:
    assert judge_canary(a_tally(failed=2), a_tally(), GATES, time_is_over=False).decision is Decision.PROMOTE
    judgement = judge_canary(a_tally(failed=3), a_tally(), GATES, time_is_over=False)

    assert judgement.decision is Decision.ROLL_BACK
    assert judgement.reason == "3 of 40 images failed, 7.5 %; the limit is 5.0 %"


def test_a_failure_rate_of_both_versions_does_not_roll_back_the_canary() -> None:
    assert judge_canary(a_tally(failed=10), a_tally(failed=10), GATES, time_is_over=False).decision is Decision.PROMOTE
    assert (
        judge_canary(a_tally(failed=11), a_tally(failed=10), GATES, time_is_over=False).decision is Decision.ROLL_BACK
    )


def test_a_slower_canary_is_rolled_back_once_both_have_drawn_enough() -> None:
    slow, stable = a_tally(render_s=60), a_tally(render_s=40)

    assert judge_canary(slow, stable, GATES, time_is_over=False).decision is Decision.ROLL_BACK
    assert judge_canary(a_tally(render_s=50), stable, GATES, time_is_over=False).decision is Decision.PROMOTE
    assert judge_canary(slow, a_tally(3, render_s=1), GATES, time_is_over=False).decision is Decision.PROMOTE


@pytest.mark.parametrize(
    ("canary", "stable", "decision"),
    [
        (0.48, 0.25, Decision.ROLL_BACK),
        (0.276, 0.25, Decision.ROLL_BACK),
        (0.274, 0.25, Decision.PROMOTE),
        (0.2, 0.25, Decision.PROMOTE),
    ],
)
def test_a_canary_with_a_clearly_higher_loss_is_rolled_back(canary: float, stable: float, decision: Decision) -> None:
    likeness = Likeness(canary=canary, stable=stable)

    assert judge_canary(a_tally(10), a_tally(10), GATES, time_is_over=False, likeness=likeness).decision is decision
    early = judge_canary(Tally(), Tally(), GATES, time_is_over=False, likeness=likeness).decision
    assert early is (Decision.ROLL_BACK if decision is Decision.ROLL_BACK else Decision.WAIT)


def test_losses_count_only_against_the_version_that_they_were_compared_with() -> None:
    figures = {"stable": "v1", "style_loss": 0.5, "style_loss_stable": 0.25}

    assert Likeness.read(figures, "v1") == Likeness(canary=0.5, stable=0.25)
    assert Likeness.read(figures, "v2") is None
    assert Likeness.read({"loss": 0.5}, "v1") is None
    assert Likeness.read({"loss": 0.5}, "") is None


def a_release(*versions: str, canary: str = "") -> Release:
    release = Release(style="sunny", model="m")
    for version in versions:
        release = release.promote(version)
    return replace(release, canary=canary, trial=f"sunny.{canary}")


@pytest.mark.parametrize(
    ("asked", "stable", "before"),
    [
        (None, "v2", ("v1",)),
        ("v2", "v2", ("v1",)),
        ("v1", "v1", ()),
        ("v3", "v3", ("v1", "v2")),
        ("v9", "v9", ("v1", "v2", "v3")),  # a version that was rolled back before
    ],
)
def test_a_rollback_selects_the_previous_or_the_named_version(
    asked: str | None, stable: str, before: tuple[str, ...]
) -> None:
    back = a_release("v1", "v2", "v3").roll_back(asked)

    assert (back.stable, back.earlier) == (stable, before)


def test_the_first_version_and_a_style_on_trial_cannot_be_rolled_back() -> None:
    with pytest.raises(InvalidInput, match="no version before v1"):
        a_release("v1").roll_back(None)
    with pytest.raises(InvalidInput, match="no version before"):
        a_release().roll_back(None)
    with pytest.raises(CanaryRunning, match=r"stop the execution sunny\.v3"):
        a_release("v1", "v2", canary="v3").roll_back("v1")
