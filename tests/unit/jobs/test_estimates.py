"""Estimates: the work that waits before a request, and the tasks that do it."""

from dataclasses import replace

import pytest

from craftspark.fleet.admission import Outlook
from craftspark.fleet.supply import StartingTasks
from craftspark.jobs.backlog import Backlog, Speed, WaitingJob
from craftspark.jobs.estimates import Estimate, kind_of
from craftspark.styles.releases import Pin
from tests.unit.jobs.estimating import WARM, a_request, a_waiting_job, estimates


def test_bulk_work_waits_for_both_lanes_and_interactive_work_only_for_its_own() -> None:
    backlog = Backlog(jobs=[a_waiting_job(work_s=20), a_waiting_job(lane="bulk", work_s=30)], speed=WARM)

    def wait_s(lane: str) -> int:
        return estimates(backlog).of("picture", *a_request("picture", prompt="a", lane=lane)).wait_s

    assert (wait_s("interactive"), wait_s("bulk")) == (21, 51)


AN_OUTLOOK = Outlook(running=2, obtainable=0, cold_start_s=120.0, interactive_rate=2.0)


@pytest.mark.parametrize(
    ("outlook", "wait_s"),
    [
        (AN_OUTLOOK, 151),
        # From 30 s on, three tasks share the rest.
        (replace(AN_OUTLOOK, starting=(StartingTasks(tasks=1, ready_in_s=30.0),)), 111),
        # The controller adds five tasks for late work. From 130 s on, seven tasks do the rest.
        (replace(AN_OUTLOOK, obtainable=9), 138),
        (replace(AN_OUTLOOK, obtainable=1), 144),
    ],
)
def test_the_wait_follows_the_tasks_that_the_controller_has_recorded(outlook: Outlook, wait_s: int) -> None:
    backlog = Backlog(jobs=[a_waiting_job(work_s=300)], speed=Speed(awake=7), outlook=outlook)

    estimate = estimates(backlog, min_tasks=9).of("picture", *a_request("picture", prompt="a"))

    assert (estimate.wait_s, estimate.queued) == (wait_s, True)


@pytest.mark.parametrize(
    ("least", "awake", "wait_s"),
    [
        (2, 2, 151),
        # One task is being launched.
        (2, 1, 181),
        (2, 0, 211),
        # Workers beyond the minimum are awake.
        (1, 3, 101),
        (0, 1, 301),
    ],
)
def test_without_a_current_record_the_wait_follows_reports_and_the_minimum(least: int, awake: int, wait_s: int) -> None:
    backlog = Backlog(jobs=[a_waiting_job(work_s=300)], speed=Speed(awake=awake))

    estimate = estimates(backlog, min_tasks=least).of("picture", *a_request("picture", prompt="a"))

    assert (estimate.wait_s, estimate.missing > 0) == (wait_s, True)


def test_stored_images_do_not_wait_and_a_running_wave_counts_half() -> None:
    def ahead_s(*jobs: WaitingJob) -> float:
        return Backlog(jobs=jobs, speed=WARM).work_s("interactive", workers=1, wave_size=4)

    assert ahead_s(a_waiting_job(images=8, work_s=20)) == 20
    assert ahead_s(a_waiting_job(images=8, work_s=20, running=True)) == 15
    assert ahead_s(a_waiting_job(images=8, work_s=20, running=True, stored=4)) == 5
    assert ahead_s(a_waiting_job(images=8, work_s=20, running=True, stored=8)) == 0


def test_a_sample_represents_the_backlog() -> None:
    jobs = [a_waiting_job(work_s=10)] * 5

    assert Backlog(jobs=jobs, share=0.1, speed=WARM).work_s("interactive", workers=1, wave_size=4) == 500


def test_an_unknown_speed_is_that_of_the_other_tools() -> None:
    speed = Speed(paces={"picture": 2.0, "clipart": 8.0})

    assert (speed.pace("picture"), Speed().pace("picture")) == (2.0, 1.0)
    assert speed.pace("pattern") == pytest.approx(4.0)


def test_only_images_of_one_kind_share_a_wave() -> None:
    request = {"steps": 8, "guidance": 4.0, "style": None, "prompt": "a"}
    kind = kind_of("picture", request, None)

    assert kind == kind_of("picture", {**request, "prompt": "b", "seed": 3}, None)
    assert (
        len(
            {
                kind,
                kind_of("clipart", request, None),
                kind_of("picture", {**request, "steps": 9}, None),
                kind_of("picture", request, Pin(style="s", version="v1")),
            }
        )
        == 4
    )


def test_an_estimate_has_whole_seconds_and_at_least_one() -> None:
    for wait_s in (0.2, 0.6, 1.4, 1.6, 7.5):
        for render_s in (0.1, 0.4, 0.7, 4.4, 4.5):
            estimate = Estimate.from_seconds(wait_s, render_s)
            assert estimate.wait_s + estimate.render_s == estimate.total_s
            assert abs(estimate.total_s - wait_s - render_s) < 1
            assert abs(estimate.wait_s - wait_s) < 1
            assert estimate.render_s >= 1


def wait_without_minimum(*jobs: WaitingJob, awake: int, lane: str = "interactive") -> Estimate:
    request, source = a_request("picture", prompt="a", lane=lane)
    backlog = Backlog(jobs=jobs, speed=Speed(awake=awake))
    return estimates(backlog, min_tasks=0).of("picture", request, source)


@pytest.mark.parametrize(("lane", "launched_s"), [("interactive", 61), ("bulk", 71)])
def test_pool_without_tasks_launches_one_at_once_for_the_interactive_lane(lane: str, launched_s: int) -> None:
    asleep, awake = (wait_without_minimum(awake=awake, lane=lane) for awake in (0, 1))

    assert (asleep.wait_s, asleep.queued) == (launched_s, False)
    assert (awake.wait_s, awake.queued) == (1, True)


def test_a_job_waits_in_the_queue_while_a_task_starts() -> None:
    starting = Outlook(running=0, starting=(StartingTasks(tasks=1, ready_in_s=45.0),), obtainable=0, cold_start_s=60.0)

    estimate = estimates(Backlog(outlook=starting), min_tasks=0).of("picture", *a_request("picture", prompt="a"))

    assert (estimate.wait_s, estimate.queued, estimate.missing) == (46, True, 0)
