"""The course of a step in demand: its figures and its picture."""

from pathlib import Path

from PIL import Image

from benchmarks.fleet import plot
from benchmarks.fleet.step import Course, Decided, Plan, Sample, Wait

PLAN = Plan(jobs_per_s=(0.1, 1.0, 0.1), phases_s=(60, 60, 60), job_s=2.0)


def sample(at: float, running: int, *, starting: int = 0, waiting: int = 0) -> Sample:
    tasks = {"spot running": running, "spot starting": starting, "on demand draining": 1}
    return Sample(at=at, tasks=tasks, desired={"spot": running + starting, "on demand": 0}, waiting=waiting)


COURSE = Course(
    plan=PLAN,
    samples=[sample(10, 1), sample(70, 1, starting=2, waiting=9), sample(85, 3), sample(170, 1)],
    decisions=[Decided(at=69.0, spot=3, on_demand=0, reason="work waits")],
    waits=[
        Wait(at=10, wait_s=0.5, state="succeeded"),
        Wait(at=50, wait_s=1.5, state="succeeded"),
        Wait(at=60, wait_s=70.0, state="succeeded"),
        Wait(at=100, wait_s=2.0, state="failed"),
        Wait(at=150, wait_s=1.0, state="succeeded"),
    ],
)


def test_the_summary_has_the_waits_of_each_phase_and_when_the_supply_followed() -> None:
    summary = COURSE.summary()

    assert (summary["jobs"], summary["not_succeeded"]) == (5, 1)
    assert summary["wait_s"]["before"] == {"jobs": 2, "p50": 1.0, "p95": 1.45, "most": 1.5, "within_60_s": 1.0}
    assert summary["wait_s"]["step"]["within_60_s"] == 0.5
    assert summary["wait_s"]["after"] == {"jobs": 1}
    assert (summary["most_running"], summary["needed_in_step"], summary["last_running"]) == (3, 2.0, 1)
    assert summary["followed_after_s"] == 25.0  # from the step to the first sample with enough running tasks


def test_a_supply_that_never_followed_has_no_time() -> None:
    short = Course(plan=PLAN, samples=[sample(10, 1), sample(80, 1)], decisions=[], waits=[])

    assert short.summary()["followed_after_s"] is None


def test_the_course_is_drawn_as_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "step.png"

    plot.draw(COURSE, path)

    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 1000
