"""The work of a request on a device."""

import json
from dataclasses import replace
from typing import Any

import pytest

from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.models.networks import ToolNetworks
from craftspark.models.work import Load, Work, upscaler_megapixels
from craftspark.parsing.json_values import parse_request
from craftspark.tools import TOOLS, find_tool
from tests.unit.jobs.estimating import DEVICES, MODEL, SMALL_SOURCE, WIDE_SOURCE, a_request, busy_s, estimates


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
        load = request.load(MODEL, (SMALL_SOURCE,), 1)
        return load.steps + load.seamless_steps

    unchanged = 1 if tool == "variations" else 0
    assert [steps(count) - unchanged for count in (1, 8, 10, 50)] == pytest.approx([1, 1, 1, 5])


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda model: model.name)
def test_on_a_gpu_each_image_has_a_separate_call(model: Any) -> None:
    def work(count: int) -> Work:
        request, _ = a_request("picture", prompt="a", count=count)
        return replace(estimates(device="A10G"), model=model).work(request, ())

    one, four = work(1), work(4)

    assert sum(wave.calls_s for batch in four.batches for wave in batch) == pytest.approx(4 * one.batches[0][0].calls_s)
    assert one.shared_s == four.shared_s == 0


@pytest.mark.parametrize("repeat", ["x", "y"])
def test_a_tile_has_margins_only_in_the_directions_of_its_repeat(repeat: str) -> None:
    model = replace(find_model("flux2-klein-4b"), tile_margins=1 / 4)

    def steps(repeat: str) -> float:
        body = json.dumps({"prompt": "a", "way": "painted", "repeat": repeat})
        return parse_request(find_tool("pattern").request, body).for_model(model).load(model, (), 1).seamless_steps

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
    sources = (replace(SMALL_SOURCE, alpha=tool == "sticker-sheet"),) if request.wanted_sources else ()
    if sources:
        request = request.for_sources(sources)

    work = replace(estimates(device=device), model=model).work(request, sources)

    assert sum(wave.images for batch in work.batches for wave in batch) == request.count
    assert 0 < work.max_batch_s <= work.elapsed_s(1)
    assert 0 <= work.shared_s <= work.busy_s


def test_batches_on_several_workers_take_as_long_as_the_longest() -> None:
    work = estimates().work(*a_request("picture", prompt="a", count=8, steps=50))

    assert work.elapsed_s(2) == pytest.approx(work.max_batch_s)
    assert work.elapsed_s(1) == pytest.approx(2 * work.max_batch_s, rel=0.02)


def test_a_cut_out_of_a_large_source_takes_longer_and_costs_more() -> None:
    model = find_model("craftspark-upscaler-x4").on("A10G")
    body = json.dumps({"source": WIDE_SOURCE.reference, "width_mm": 100})
    request = parse_request(find_tool("cutout").request, body).for_model(model)
    large = replace(SMALL_SOURCE, width=2000, height=2000)

    small_load, large_load = (request.load(model, (source,), 1) for source in (SMALL_SOURCE, large))

    assert large_load.cuts > 2 * small_load.cuts
    assert request.credits_per_image(model, (large,)) > request.credits_per_image(model, (SMALL_SOURCE,))


def test_the_work_of_a_variation_follows_the_size_and_the_transparency_of_its_source() -> None:
    def load(side: int, *, alpha: bool = False) -> Load:
        source = replace(WIDE_SOURCE, width=side, height=side, alpha=alpha)
        return a_request("variations", source)[0].load(MODEL, (source,), 2)

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
        load = a_request("variations", strength=strength, steps=20)[0].load(MODEL, (SMALL_SOURCE,), 4)
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
        return model.profile.render_s(request.for_model(model).load(model, (WIDE_SOURCE,), 1))

    assert (render_s(slower) > render_s(model)) == (tool != "upscale")
