"""The requests of all tools with the built-in model: the same pixels each time, and nearly those of a CPU."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from benchmarks.entries import Entry
from craftspark.parsing.json_values import parse_request
from craftspark.settings.tasks import WorkerSettings
from craftspark.tools import find_tool
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.renderers.tool_renderers import Surroundings, ToolRenderers, build_renderers
from tests.cuda.timing import time_once
from tests.fakes import WORKER_SETTINGS
from tests.gpu.rendering import MODEL, an_order_of, render

SIDES = (96, 80)
SOURCE = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=SIDES[0], height=SIDES[1])
CUT_OUT = replace(SOURCE, reference=f"upload/{'b' * 26}", key="cut-out", alpha=True)
SOURCES = {source.reference: source for source in (SOURCE, CUT_OUT)}
START = {"source": SOURCE.reference}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "picture": ("picture", {"prompt": "red apple"}),
    "picture_with_options": ("picture", {"prompt": "cat", "negative_prompt": "dog", "steps": 5, "guidance": 6}),
    "picture_in_a_style": ("picture", {"prompt": "cat", "style": "bold-flat"}),
    "clipart": ("clipart", {"prompt": "apple"}),
    "tossed_pattern": ("pattern", {"prompt": "apple", "also": ["bee"]}),
    "painted_pattern": ("pattern", {"prompt": "apple", "way": "painted", "repeat": "half-drop"}),
    "pattern_from_a_source": ("pattern", {"prompt": "apple", "way": "painted", **START}),
    "variations": ("variations", {"prompt": "apple", **START}),
    "outpaint": ("outpaint", {"prompt": "apple", "aspect": "16:9", **START}),
    "upscale": ("upscale", {"factor": 4, **START}),
    "cutout": ("cutout", START),
    "lineart": ("lineart", START),
    "sticker_sheet": ("sticker-sheet", {"stickers": [{"source": CUT_OUT.reference}], "paper": "a5"}),
}
# Mean difference of a byte between a GPU and a CPU, both in single precision.
NEAR = 2.0


def fetch(source: Source) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize(SIDES, Image.Resampling.BICUBIC)
    if source.alpha:
        disc = Image.new("L", SIDES)
        ImageDraw.Draw(disc).circle((SIDES[0] / 2, SIDES[1] / 2), min(SIDES) / 3, fill=255)
        picture.putalpha(disc)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@cache
def studio_on(device: str, precision: str) -> ToolRenderers:
    settings: WorkerSettings = replace(WORKER_SETTINGS, device=device)
    pipeline = load_pipeline(MODEL, settings)
    if precision == "single":
        pipeline.to(torch.float32)
    return build_renderers(pipeline, MODEL, Surroundings.of(fetch, settings))


def render_on(device: str, name: str, precision: str) -> Drawing:
    tool, body = REQUESTS[name]
    text = json.dumps(body)
    wanted = parse_request(find_tool(tool).request, text).wanted_sources
    order = an_order_of(tool, 7, text, *(SOURCES[reference] for reference in wanted.values()))
    [drawing] = render(order, by=studio_on(device, precision))
    return drawing


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Convolutions in single precision, which are else rounded to TensorFloat-32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def compare(one: Pixels, other: Pixels) -> dict[str, Any]:
    """How far two drawings are apart. The size of a cut-out object can differ a little."""
    height, width, channels = np.minimum(one.shape, other.shape)
    assert np.allclose(one.shape, other.shape, rtol=0.05)
    one, other = (pixels[:height, :width, :channels] for pixels in (one, other))
    away = np.abs(one.astype(np.int16) - other.astype(np.int16))
    return {
        "mean": round(float(away.mean()), 3),
        "greatest": int(away.max()),
        "share_of_bytes": round(float((away > 0).mean()), 4),
    }


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_has_the_same_pixels_each_time(
    name: str, device: str, record: Callable[[Entry], None], pictures: Callable[[str, Pixels], None]
) -> None:
    first = render_on(device, name, "half")
    seconds, again = time_once(lambda: render_on(device, name, "half"), device)
    on_cpu = render_on("cpu", name, "single")
    pictures(f"{name}-half", first.pixels)
    pictures(f"{name}-cpu", on_cpu.pixels)

    np.testing.assert_array_equal(again.pixels, first.pixels)
    away = compare(first.pixels, on_cpu.pixels)
    record(Entry(name=f"built_in_{name}", value=round(seconds, 4), goal=None, better="lower", unit="s", beside=away))


@pytest.mark.parametrize("name", REQUESTS)
def test_in_single_precision_a_gpu_draws_what_a_cpu_draws(
    name: str, device: str, exact: None, record: Callable[[Entry], None]
) -> None:
    drawn, on_cpu = render_on(device, name, "single"), render_on("cpu", name, "single")

    away = compare(drawn.pixels, on_cpu.pixels)
    record(
        Entry(
            name=f"built_in_{name}_in_single_precision",
            value=away["mean"],
            goal=NEAR,
            better="lower",
            unit="mean difference of a byte from the CPU's picture",
            beside=away,
        )
    )
    assert away["mean"] <= NEAR
