"""Requests that cannot end in time are rejected, and a submission reads the backlog again only if it must."""

from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import Any

import pytest

from craftspark.errors import BacklogTooLong, CapacityInsufficient, RenderTooLong, WaitTooLong
from craftspark.fleet.admission import Outlook
from craftspark.jobs.backlog import Backlog, Speed
from craftspark.jobs.estimates import ASLEEP_STALE_S, FRESH_S, SETTLEMENT_S, STALE_S
from craftspark.tools.sources import Source
from tests.unit.jobs.estimating import CAPACITY, SMALL_SOURCE, WARM, WIDE_SOURCE, a_request, a_waiting_job, estimates

LARGE: dict[str, Any] = {"prompt": "a", "width": 2048, "height": 2048, "count": 8, "steps": 50}


@pytest.mark.parametrize(
    ("tool", "source", "fields", "least"),
    [
        ("picture", SMALL_SOURCE, {"prompt": "a", "count": 8, "steps": 50}, ["count", "steps"]),
        ("clipart", SMALL_SOURCE, {"prompt": "a", "count": 8, "steps": 50}, ["count", "steps"]),
        ("pattern", SMALL_SOURCE, {"prompt": "a", "count": 8, "steps": 50, "also": ["b"]}, ["count", "steps", "also"]),
        ("variations", SMALL_SOURCE, {"count": 8, "steps": 50, "strength": 0.9}, ["count", "steps"]),
        ("outpaint", SMALL_SOURCE, LARGE, ["count", "steps", "width", "height"]),
        ("upscale", WIDE_SOURCE, {"factor": 4}, ["source", "factor"]),
    ],
)
@pytest.mark.parametrize("bound", ["deadline_s", "batch_s"])
def test_a_job_is_refused_only_above_the_time_limit(
    tool: str, source: Source, fields: dict[str, Any], least: list[str], bound: str
) -> None:
    request, found = a_request(tool, source, **fields)
    wide: dict[str, Any] = {"deadline_s": 10**6, "batch_s": 10**6}
    longest = estimates(**wide).work(request, found)
    whole_s = CAPACITY.dispatch_s + longest.elapsed_s(1) + SETTLEMENT_S
    takes_s, less = (ceil(whole_s), 1.0) if bound == "deadline_s" else (longest.max_batch_s, 0.01)

    assert estimates(**{**wide, bound: takes_s}).admit(tool, request, found)
    with pytest.raises(RenderTooLong) as refused:
        estimates(**{**wide, bound: takes_s - less}).admit(tool, request, found)

    named = [error["field"] for error in refused.value.facts["errors"]]
    assert set(least) <= {*named, "steps"}
    assert refused.value.field == named[0]


@pytest.mark.parametrize("bound", [{"deadline_s": 300}, {"batch_s": 60}, {"deadline_s": 40, "batch_s": 20}])
@pytest.mark.parametrize(
    ("tool", "fields"),
    [
        ("outpaint", {"prompt": "a", "width": 1024, "height": 1024, "count": 8, "steps": 50}),
        ("pattern", {"prompt": "a", "also": ["b", "c", "d"], "count": 8, "steps": 50}),
        ("picture", {"prompt": "a", "count": 8, "steps": 50}),
    ],
)
def test_the_fix_in_a_rejection_is_accepted(tool: str, fields: dict[str, Any], bound: dict[str, Any]) -> None:
    estimate = estimates(**bound)
    request, source = a_request(tool, **fields)
    try:
        estimate.admit(tool, request, source)
    except RenderTooLong as refused:
        fixes = [error["detail"].split() for error in refused.facts["errors"] if "would fit" in error["detail"]]
        assert fixes
        for words in fixes:
            change = {name: int(value) for name, value in pairwise(words) if name in ("count", "steps")}
            assert estimate.admit(tool, request.model_copy(update=change), source)
            for name, value in change.items():
                larger = {**change, name: value + 1}
                if len(change) == 1 and value + 1 < getattr(request, name):
                    with pytest.raises(RenderTooLong):
                        estimate.admit(tool, request.model_copy(update=larger), source)


def test_outpainting_eight_far_elongated_pictures_is_refused_whole() -> None:
    speck = replace(SMALL_SOURCE, width=16, height=16)
    request, source = a_request("outpaint", speck, width=2048, count=8, steps=50, prompt="a")

    with pytest.raises(RenderTooLong, match="the limit for 4 images is 240 s") as refused:
        estimates().admit("outpaint", request, source)

    assert refused.value.facts["estimated_render_s"] > 480
    assert refused.value.facts["deadline_s"] == 900


def test_a_backlog_beyond_the_deadline_is_a_temporary_rejection() -> None:
    request, source = a_request("picture", prompt="a")
    alone = estimates().admit("picture", request, source)
    room = 900 - alone.total_s
    waits = [a_waiting_job(work_s=room, kind="other")]

    assert estimates(Backlog(jobs=waits, speed=WARM)).admit("picture", request, source).total_s == 900
    with pytest.raises(BacklogTooLong) as refused:
        estimates(Backlog(jobs=[a_waiting_job(work_s=room + 40)], speed=WARM)).admit("picture", request, source)
    assert refused.value.facts["retry_after_s"] == 40


def test_a_job_too_long_for_slow_workers_is_a_temporary_rejection() -> None:
    request, source = a_request("picture", prompt="a", steps=50)
    slow = Speed(paces={"picture": 100}, awake=1)

    with pytest.raises(BacklogTooLong, match="slow"):
        estimates(Backlog(speed=slow), deadline_s=10**6).admit("picture", request, source)


def test_a_job_that_would_wait_longer_than_max_wait_is_rejected() -> None:
    backlog = Backlog(jobs=[a_waiting_job(work_s=20)], speed=WARM)
    request, source = a_request("picture", prompt="a", max_wait_s=20)

    with pytest.raises(WaitTooLong):
        estimates(backlog).admit("picture", request, source)
    assert estimates(backlog).admit("picture", request.model_copy(update={"max_wait_s": 21}), source).wait_s == 21


@pytest.mark.parametrize(
    ("fields", "work_s", "asked"),
    [
        ({}, 10, [STALE_S]),
        # With ten times this age of the reading, the job would be late.
        ({}, 320, [STALE_S, FRESH_S]),
        ({"max_wait_s": 100}, 10, [STALE_S, FRESH_S]),
    ],
)
def test_a_submission_reads_the_backlog_again_only_near_a_limit(
    fields: dict[str, Any], work_s: float, asked: list[float]
) -> None:
    estimate = estimates(Backlog(jobs=[a_waiting_job(work_s=work_s)], speed=WARM), age_s=58)

    estimate.admit("picture", *a_request("picture", prompt="a", **fields))

    assert estimate.readings.asked == asked  # type: ignore[attr-defined]


@pytest.mark.parametrize("lane", ["interactive", "bulk"])
def test_a_job_that_no_task_will_take_is_refused(lane: str) -> None:
    none = Outlook(running=0, obtainable=0, cold_start_s=90.0)
    request, source = a_request("picture", prompt="a", lane=lane)

    for call in (estimates(Backlog(outlook=none)).of, estimates(Backlog(outlook=none)).admit):
        with pytest.raises(CapacityInsufficient, match="no GPU is available") as refused:
            call("picture", request, source)
        assert (refused.value.field, refused.value.facts) == ("lane", {"retry_after_s": 90})


@pytest.mark.parametrize(("obtainable", "asked"), [(0, [STALE_S, FRESH_S]), (10, [STALE_S, FRESH_S]), (100, [STALE_S])])
def test_a_submission_reads_again_where_capacity_could_have_become_short(obtainable: int, asked: list[float]) -> None:
    backlog = Backlog(outlook=Outlook(running=2, obtainable=obtainable, cold_start_s=60.0))
    estimate = estimates(backlog, age_s=20)

    estimate.admit("picture", *a_request("picture", prompt="a"), admitted_wait_s=60)

    assert estimate.readings.asked == asked  # type: ignore[attr-defined]


def test_submission_to_a_pool_without_minimum_knows_who_is_awake_within_seconds() -> None:
    estimate = estimates(min_tasks=0)

    estimate.admit("picture", *a_request("picture", prompt="a"))

    assert estimate.readings.asked == [ASLEEP_STALE_S]  # type: ignore[attr-defined]
