"""Estimates: the work of a request, the work that waits before it, and requests that cannot end in time."""

import json
from dataclasses import replace
from itertools import pairwise
from math import ceil
from typing import Any

import pytest

from craftspark.errors import BacklogTooLong, CapacityInsufficient, RenderTooLong, WaitTooLong
from craftspark.fleet.admission import Outlook
from craftspark.fleet.supply import StartingTasks
from craftspark.jobs.backlog import Backlog, Speed, WaitingJob
from craftspark.jobs.estimates import (
    ASLEEP_STALE_S,
    FRESH_S,
    SETTLEMENT_S,
    STALE_S,
    Capacity,
    Estimate,
    Estimates,
    kind_of,
)
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.gpus import GPUS
from craftspark.models.model import Model
from craftspark.models.networks import ToolNetworks
from craftspark.models.work import Load, Work, upscaler_megapixels
from craftspark.parsing.json_values import parse_request
from craftspark.styles.releases import Pin
from craftspark.tools import TOOLS, find_tool
from craftspark.tools.request import JobRequest
from craftspark.tools.sources import Source

MODEL = find_model("craftspark-clipart-128")
DEVICES = ("cpu", *{gpu.name: gpu for gpu in GPUS.values()})
WIDE_SOURCE = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=512, height=512)
SMALL_SOURCE = replace(WIDE_SOURCE, width=128, height=128)
CAPACITY = Capacity(
    pool="draw",
    device="cpu",
    min_tasks=1,
    launch_s=60,
    dispatch_s=1.0,
    batch_s=240,
    deadline_s=900,
)
WARM = Speed(awake=1)


class BacklogSource:
    """Returns a backlog with an age, and records the requested maximum age."""

    def __init__(self, backlog: Backlog | None = None, age_s: float = 0.0) -> None:
        self.backlog = backlog or Backlog(speed=WARM)
        self.age_s = age_s
        self.asked: list[float] = []

    def read(self, *, max_age_s: float) -> tuple[Backlog, float]:
        self.asked.append(max_age_s)
        return self.backlog, min(self.age_s, max_age_s)


def estimates(backlog: Backlog | None = None, age_s: float = 0.0, **capacity: Any) -> Estimates:
    readings = BacklogSource(backlog, age_s)
    return Estimates(readings=readings, model=MODEL, capacity=replace(CAPACITY, **capacity))


def a_request(tool: str, source: Source = SMALL_SOURCE, **fields: Any) -> tuple[JobRequest, Source | None]:
    kind = find_tool(tool).request
    if "source" in kind.model_fields and kind.model_fields["source"].is_required():
        fields["source"] = source.reference
    request = parse_request(kind, json.dumps(fields)).for_model(MODEL)
    if not request.wanted_source:
        return request, None
    return request.for_source(source), source


def a_waiting_job(**changes: Any) -> WaitingJob:
    facts: dict[str, Any] = {
        "lane": "interactive",
        "tool": "picture",
        "kind": "k",
        "running": False,
        "images": 4,
        "stored": 0,
        "work_s": 10.0,
        "shared_s": 0.0,
    }
    return WaitingJob(**{**facts, **changes})


def busy_s(tool: str, source: Source = SMALL_SOURCE, **fields: Any) -> float:
    return estimates().work(*a_request(tool, source, **fields)).busy_s


@pytest.mark.parametrize(
    ("less", "more", "times"),
    [
        (("picture", {"prompt": "a", "steps": 10}), ("picture", {"prompt": "a", "steps": 40}), (2.3, 3.0)),
        (("picture", {"prompt": "a", "count": 4}), ("picture", {"prompt": "a", "count": 8}), (2.0, 2.0)),
        # The calls of a wave take as long with one image as with four, and each image is enlarged.
        (("picture", {"prompt": "a", "count": 1}), ("picture", {"prompt": "a", "count": 4}), (1.4, 1.7)),
        (("picture", {"prompt": "a", "count": 4}), ("clipart", {"prompt": "a", "count": 4}), (5.0, 15.0)),
        (("pattern", {"prompt": "a"}), ("pattern", {"prompt": "a", "also": ["b", "c", "d"]}), (2.5, 4.0)),
        (
            ("pattern", {"prompt": "a", "count": 8}),
            ("pattern", {"prompt": "a", "count": 8, "sheet": {"width": 42, "height": 42, "repeat": 42}}),
            (1.05, 12.0),
        ),
        (("variations", {"strength": 0.3, "steps": 50}), ("variations", {"strength": 0.9, "steps": 50}), (2.5, 3.0)),
        (("outpaint", {"aspect": "2:1"}), ("outpaint", {"aspect": "2:1", "prompt": "a"}), (10.0, 100.0)),
        # However large a canvas is, it is drawn once, and only enlarging, composing and writing take longer.
        (
            ("outpaint", {"aspect": "2:1", "prompt": "a"}),
            ("outpaint", {"width": 512, "height": 512, "prompt": "a"}),
            (1.0, 4.0),
        ),
        (
            ("outpaint", {"aspect": "2:1", "prompt": "a", "steps": 50}),
            ("outpaint", {"width": 1024, "prompt": "a", "steps": 50}),
            (3.0, 8.0),
        ),
    ],
)
def test_work_follows_what_is_drawn_and_delivered(
    less: tuple[str, dict[str, Any]], more: tuple[str, dict[str, Any]], times: tuple[float, float]
) -> None:
    least, most = times
    ratio = busy_s(more[0], **more[1]) / busy_s(less[0], **less[1])

    assert least * 0.99 <= ratio <= most


@pytest.mark.parametrize(("tool", "fields"), [("variations", {}), ("pattern", {"way": "painted"})])
def test_a_drawing_of_low_strength_is_estimated_with_one_step_at_least(tool: str, fields: dict[str, Any]) -> None:
    def steps(count: int) -> float:
        body = {**fields, "source": SMALL_SOURCE.reference, "strength": 0.1, "steps": count}
        request = parse_request(find_tool(tool).request, json.dumps(body)).for_model(MODEL)
        load = request.load(MODEL, SMALL_SOURCE, 1)
        return load.steps + load.seamless_steps

    unchanged = 1 if tool == "variations" else 0
    assert [steps(count) - unchanged for count in (1, 8, 10, 50)] == pytest.approx([1, 1, 1, 5])


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda model: model.name)
def test_on_a_gpu_each_image_has_a_separate_call(model: Any) -> None:
    def work(count: int) -> Work:
        request, _ = a_request("picture", prompt="a", count=count)
        return replace(estimates(device="A10G"), model=model).work(request, None)

    one, four = work(1), work(4)

    assert sum(wave.calls_s for batch in four.batches for wave in batch) == pytest.approx(4 * one.batches[0][0].calls_s)
    assert one.shared_s == four.shared_s == 0


@pytest.mark.parametrize("repeat", ["x", "y"])
def test_a_tile_has_margins_only_in_the_directions_of_its_repeat(repeat: str) -> None:
    model = replace(find_model("flux2-klein-4b"), tile_margins=1 / 4)

    def steps(repeat: str) -> float:
        body = json.dumps({"prompt": "a", "way": "painted", "repeat": repeat})
        return parse_request(find_tool("pattern").request, body).for_model(model).load(model, None, 1).seamless_steps

    assert steps("straight") == steps("half-drop") == model.default_steps
    assert steps(repeat) == pytest.approx(model.default_steps / 1.5)


def test_upscaling_follows_the_source_s_pixels() -> None:
    assert 12 < busy_s("upscale", WIDE_SOURCE, factor=4) / busy_s("upscale", SMALL_SOURCE, factor=4) < 17


@pytest.mark.parametrize(
    ("model", "device", "tool"),
    [
        pytest.param(model, device, tool, id=f"{model.name}-{device}-{tool}")
        for model in CATALOGUE.values()
        for device in DEVICES
        if model.on(device).has_profile
        for tool in TOOLS
        if find_tool(tool).fits(model)
    ],
)
def test_each_tool_has_an_estimate_on_each_device_of_each_model(model: Any, device: str, tool: str) -> None:
    kind = find_tool(tool).request
    request = parse_request(kind, json.dumps(find_tool(tool).example)).for_model(model)
    source = SMALL_SOURCE if request.wanted_source else None
    if source:
        request = request.for_source(source)

    work = replace(estimates(device=device), model=model).work(request, source)

    assert sum(wave.images for batch in work.batches for wave in batch) == request.count
    assert 0 < work.max_batch_s <= work.elapsed_s(1)
    assert 0 <= work.shared_s <= work.busy_s


def test_batches_on_several_workers_take_as_long_as_the_longest() -> None:
    work = estimates().work(*a_request("picture", prompt="a", count=8, steps=50))

    assert work.elapsed_s(2) == pytest.approx(work.max_batch_s)
    assert work.elapsed_s(1) == pytest.approx(2 * work.max_batch_s, rel=0.02)


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


def test_a_cut_out_of_a_large_source_takes_longer_and_costs_more() -> None:
    model = find_model("craftspark-upscaler-x4").on("A10G")
    body = json.dumps({"source": WIDE_SOURCE.reference, "width_mm": 100})
    request = parse_request(find_tool("cutout").request, body).for_model(model)
    large = replace(SMALL_SOURCE, width=2000, height=2000)

    small_load, large_load = (request.load(model, source, 1) for source in (SMALL_SOURCE, large))

    assert large_load.cuts > 2 * small_load.cuts
    assert request.credits_per_image(model, large) > request.credits_per_image(model, SMALL_SOURCE)


def test_the_work_of_a_variation_follows_the_size_and_the_transparency_of_its_source() -> None:
    def load(side: int, *, alpha: bool = False) -> Load:
        source = replace(WIDE_SOURCE, width=side, height=side, alpha=alpha)
        return a_request("variations", source)[0].load(MODEL, source, 2)

    small, large, clear = load(128), load(2048), load(2048, alpha=True)

    assert (small.enlarged, small.cuts) == (0, 0)
    assert small.written == pytest.approx(2 * 0.128**2)
    assert large.written == pytest.approx(2 * 2.048**2)
    assert large.enlarged == pytest.approx(2 * (upscaler_megapixels(128, 128, 18) + upscaler_megapixels(512, 512, 18)))
    assert clear.cuts == 2
    assert clear.enlarged == pytest.approx(large.enlarged + 2 * upscaler_megapixels(128, 128, 18))
    assert small.steps == large.steps


def test_a_variation_of_low_strength_has_a_second_call_of_one_step() -> None:
    def work(strength: float) -> list[float]:
        load = a_request("variations", strength=strength, steps=20)[0].load(MODEL, SMALL_SOURCE, 4)
        return [load.calls, load.redraws, load.steps]

    assert work(0.3) == pytest.approx([1, 1, 6])
    assert work(0.2) == pytest.approx([2, 2, 5])


@pytest.mark.parametrize("tool", ["clipart", "pattern", "picture", "upscale", "cutout"])
def test_work_and_price_follow_the_networks_that_the_tool_uses(tool: str) -> None:
    from_source = tool in ("upscale", "cutout")
    fields = {"source": WIDE_SOURCE.reference} if from_source else {"prompt": "a"}
    request = parse_request(find_tool(tool).request, json.dumps(fields))
    model = find_model("craftspark-upscaler-x4" if from_source else "craftspark-clipart-128").on("A10G")
    slower = model.with_networks(ToolNetworks(enlarge="realesrgan-x4plus", cut="birefnet-lite"))

    def render_s(model: Model) -> float:
        return model.profile.render_s(request.for_model(model).load(model, WIDE_SOURCE, 1))

    assert (render_s(slower) > render_s(model)) == (tool != "upscale")
