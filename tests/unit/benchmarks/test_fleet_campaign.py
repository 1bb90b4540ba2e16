"""The verdict of a campaign of faults."""

from dataclasses import replace
from typing import Any

from benchmarks.fleet.campaign import Evidence, judge
from benchmarks.fleet.waves import Death, RenderedWave

JOB: dict[str, Any] = {
    "job_id": "a",
    "state": "succeeded",
    "count": 2,
    "delivered": 2,
    "credits": {"price": 4, "spent": 4, "refunded": 0, "reserved": 0},
}
GOOD = Evidence(
    submitted=1,
    jobs=[JOB],
    accounts=[{"spent": 4}],
    commits=[{"job_id": "a", "credits": 4}],
    stored={("a", 0): 5.0, ("a", 1): 5.0},
    waves=[
        RenderedWave(1, 1.0, frozenset({("a", 0), ("a", 1)})),
        RenderedWave(2, 4.0, frozenset({("a", 0), ("a", 1)}), 4.9),
    ],
    deaths=[Death("SIGKILL", "draw", 1, at=2.0)],
)


def figures(evidence: Evidence) -> dict[str, float]:
    return {entry.name: entry.value for entry in judge(evidence)}


def test_a_campaign_without_a_fault_of_ours_meets_its_goals() -> None:
    assert figures(GOOD) == {
        "jobs_lost": 0,
        "images_charged_twice": 0,
        "finished_images_rendered_again": 0,
        "waves_wasted_per_kill": 1.0,
        "render_s_wasted_per_kill": 1.0,
        "death_to_next_start_s": 2.0,
    }
    assert all(entry.meets_goal in (True, None) for entry in judge(GOOD))


def test_a_job_that_did_not_succeed_or_end_is_lost() -> None:
    assert figures(replace(GOOD, jobs=[JOB | {"state": "failed", "delivered": 0}]))["jobs_lost"] == 1
    assert figures(replace(GOOD, jobs=[JOB | {"delivered": 1}]))["jobs_lost"] == 1
    assert figures(replace(GOOD, submitted=2))["jobs_lost"] == 1


def test_credits_beyond_the_delivered_images_are_charged_twice() -> None:
    charged = JOB | {"credits": JOB["credits"] | {"spent": 6}}
    twice = [{"job_id": "a", "credits": 4}, {"job_id": "a", "credits": 4}]

    assert figures(replace(GOOD, jobs=[charged]))["images_charged_twice"] == 2
    assert figures(replace(GOOD, commits=twice))["images_charged_twice"] == 1
    assert figures(replace(GOOD, accounts=[{"spent": 5}]))["images_charged_twice"] == 1


def test_a_wave_of_a_stored_image_is_rendered_again() -> None:
    late = RenderedWave(3, 6.0, frozenset({("a", 1)}), 7.0)

    assert figures(replace(GOOD, waves=[*GOOD.waves, late]))["finished_images_rendered_again"] == 1
