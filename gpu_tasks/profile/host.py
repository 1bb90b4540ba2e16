"""Measures the host: the work of all tools on the CPU of the machine, without that of the networks.

Waves of all tools are rendered with the worker's renderers and the built-in model, and the seconds of each unit of work
are fitted to the measured times.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from scipy.optimize import nnls

from craftspark.models.catalogue import find_model
from craftspark.models.model import Model
from craftspark.models.work import Load
from craftspark.parsing.json_values import parse_request
from craftspark.settings.tasks import RendererSettings
from craftspark.tools import find_tool
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Png, encode_file
from gpu_tasks.inference.device import name_device
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.profile.networks import make_picture
from gpu_tasks.profile.timing import Clock, describe_machine, round_to
from gpu_tasks.renderers.tool_renderers import Surroundings, build_renderers

MODEL = "craftspark-clipart-128"
SEED = 7
PROMPT = "sunflower"
SOURCE_SIDES = (128, 512)  # pixels
# The units of work of each stage: their names in Load, and the names of their seconds in Profile.
RENDERING = {
    "steps": "step_s",
    "seamless_steps": "seamless_step_s",
    "calls": "call_s",
    "redraws": "redraw_s",
    "repaints": "repaint_s",
    "enlarged": "enlarge_s",
    "cuts": "cut_s",
    "painted": "paint_s",
}
FINISHING = {"images": "image_s", "traced": "trace_s", "written": "write_s"}
OF_HOST = ("cut_s", "paint_s", "image_s", "trace_s", "write_s")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A wave to measure: a request to a tool, and how many of its images are rendered together."""

    tool: str
    fields: dict[str, Any]
    images: int
    side: int | None = None

    @property
    def name(self) -> str:
        settings = ", ".join(f"{name} {value}" for name, value in self.fields.items() if name != "prompt")
        return f"{self.tool} x{self.images}" + (f", {settings}" if settings else "")


@dataclass(frozen=True, kw_only=True)
class WaveTimes:
    """The seconds of a wave and of finishing one image. `load` is the work of the wave, `load_of_one` of the image."""

    case: Case
    load: Load
    load_of_one: Load
    render_s: float
    finish_s: float


def build_cases(model: Model) -> Iterator[Case]:
    """Waves of all tools."""
    full = model.images_per_batch
    for steps in (2, model.default_steps, model.max_steps):
        yield Case(tool="picture", fields={"prompt": PROMPT, "steps": steps}, images=full)
    yield Case(tool="picture", fields={"prompt": PROMPT}, images=1)
    yield Case(tool="variations", fields={"strength": 0.5}, images=full, side=SOURCE_SIDES[0])
    for images in (1, full):
        yield Case(tool="clipart", fields={"prompt": PROMPT}, images=images)
    for repeat in ("straight", "half-drop"):
        yield Case(tool="pattern", fields={"prompt": PROMPT, "way": "painted", "repeat": repeat}, images=full)
    yield Case(tool="pattern", fields={"prompt": PROMPT, "also": ["bee"]}, images=full)
    yield Case(tool="outpaint", fields={"prompt": PROMPT, "aspect": "2:1"}, images=full, side=SOURCE_SIDES[0])
    for side in SOURCE_SIDES:
        for factor in (2, 4):
            yield Case(tool="upscale", fields={"factor": factor}, images=1, side=side)


def measure_host(device: str) -> dict[str, Any]:
    """Return the record of the host, with the measured and the fitted seconds of each wave."""
    model = find_model(MODEL).on(name_device(device))
    settings = RendererSettings(
        models_bucket="",
        tools="{}",
        networks=model.networks.to_text(),
        device=device,
        cpu_model_memory_mib=0,
        signing_secret="",
    )
    bench = Bench(load_pipeline(model, settings), model, settings)
    waves = [bench.measure(case) for case in build_cases(model)]
    rendering = fit_seconds([(each.load, each.render_s) for each in waves], RENDERING)
    finishing = fit_seconds([(each.load_of_one, each.finish_s) for each in waves], FINISHING)
    seconds = rendering | finishing
    return {
        "source": describe_machine(device),
        "seconds": {unit: seconds[unit] for unit in OF_HOST},
        "waves_s": {
            each.case.name: {
                "render": round_to(each.render_s),
                "fitted": round_to(_add_up(each.load, RENDERING, rendering)),
                "finish_one": round_to(each.finish_s),
                "fitted_one": round_to(_add_up(each.load_of_one, FINISHING, finishing)),
            }
            for each in waves
        },
    }


class Bench:
    """Renders waves with the worker's renderers and one pipeline."""

    def __init__(self, pipeline: Any, model: Model, settings: RendererSettings) -> None:
        self._model = model
        self._clock = Clock(settings.device)
        self._renderers = build_renderers(pipeline, model, Surroundings.of(self._fetch, settings))
        self._pictures: dict[int, bytes] = {}

    def measure(self, case: Case) -> WaveTimes:
        """Return the medians of several rounds after a first one. Raises the renderer's error."""
        orders, load, load_of_one = self._build_orders(case)
        for order in orders:
            self._renderers.fetch_sources(order)
        drawings = self._render(orders)
        finishing = [
            self._clock.time(partial(self._renderers.finish, order, drawing))[0]
            for order, drawing in zip(orders, drawings, strict=True)
        ]
        return WaveTimes(
            case=case,
            load=load,
            load_of_one=load_of_one,
            render_s=self._clock.median(partial(self._render, orders)),
            finish_s=median(finishing),
        )

    def _render(self, orders: Sequence[ImageOrder]) -> list[Drawing]:
        # A second attempt is not part of the load, so flawed drawings are not drawn again.
        return self._renderers.draw_once(orders, lambda _share: None)

    def _build_orders(self, case: Case) -> tuple[list[ImageOrder], Load, Load]:
        sources = (self._add_source(case.side),) if case.side else ()
        kind = find_tool(case.tool).request
        fields = kind.add_sources(case.fields, [source.reference for source in sources])
        request = parse_request(kind, json.dumps(fields)).for_model(self._model)
        if sources:
            request = request.for_sources(sources)
        orders = [
            ImageOrder(
                job_id="a" * 26,
                index=index,
                seed=SEED + index,
                tool=case.tool,
                model=self._model.name,
                request=request.model_dump(),
                sources=sources,
            )
            for index in range(case.images)
        ]
        return orders, request.load(self._model, sources, case.images), request.load(self._model, sources, 1)

    def _add_source(self, side: int) -> Source:
        self._pictures[side] = encode_file(Png(pixels=make_picture(side)))
        return Source(reference=f"upload/{'a' * 26}", bucket="uploads", key=str(side), width=side, height=side)

    def _fetch(self, source: Source) -> bytes:
        return self._pictures[source.width]


def fit_seconds(samples: Sequence[tuple[Load, float]], names: dict[str, str]) -> dict[str, float]:
    """Fit the seconds of each unit by the least squares of the relative errors. None is negative."""
    units = np.array([[getattr(load, unit) / seconds for unit in names] for load, seconds in samples])
    seconds, _ = nnls(units, np.ones(len(samples)))
    return {name: round_to(value, 2) for name, value in zip(names.values(), seconds, strict=True)}


def _add_up(load: Load, names: dict[str, str], seconds: dict[str, float]) -> float:
    return float(sum(getattr(load, unit) * seconds[name] for unit, name in names.items()))
