"""How long work takes on this machine's device: the `Profile` of a model, as in craftspark/models/catalogue.py.

`python -m benchmarks.profiles --device cuda` renders waves of all tools with the worker's renderers, and fits the
seconds of each unit of work to the measured times. It prints JSON: the profile, its error for each wave, the load time
of the model, and the images per second for each number of images in a call. The weights do not change how long a
picture takes, so `--random-weights` measures a model with the shape of Stable Diffusion 1.5 without its files.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from statistics import median
from typing import Any

import numpy as np
import torch
from scipy.optimize import nnls

from benchmarks.random_weights import random_pipeline
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.models.work import Load, Profile
from craftspark.parsing.json_values import parse_request
from craftspark.settings.tasks import RendererSettings
from craftspark.tools import find_tool, serve_tools
from craftspark.tools.request import sides
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Png, encode_file
from gpu_tasks.images.safety import NudityCheck
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.adapters import AdapterCache
from gpu_tasks.inference.diffusion import Diffusion, Sketch
from gpu_tasks.inference.diffusion import DrawingSettings as CallSettings
from gpu_tasks.inference.model_store import load_pipeline, locate
from gpu_tasks.renderers import RENDERERS, Kit, ProvenanceEncoder, ToolRenderers

SEED = 7
PROMPT = "sunflower"
ROUNDS = 3
CALL_SIZES = (1, 2, 4, 8)
SOURCE_SIDES = (128, 512)  # pixels
# The units of work of each stage: their names in Load, and the names of their seconds in Profile.
RENDERING = {"steps": "step_s", "calls": "call_s", "enlarged": "enlarge_s", "cuts": "cut_s", "painted": "paint_s"}
FINISHING = {"images": "image_s", "traced": "trace_s", "written": "write_s"}


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
    first_s: float
    render_s: float
    finish_s: float


def build_drawing_cases(model: Model) -> Iterator[Case]:
    """Waves that only draw."""
    for steps in (2, model.default_steps, model.max_steps):
        yield Case(tool="picture", fields={"prompt": PROMPT, "steps": steps}, images=model.images_per_batch)
    yield Case(tool="picture", fields={"prompt": PROMPT}, images=1)
    yield Case(tool="variations", fields={"strength": 0.5}, images=model.images_per_batch, side=SOURCE_SIDES[0])


def build_cases(model: Model) -> Iterator[Case]:
    """Waves of all tools."""
    full = model.images_per_batch
    yield from build_drawing_cases(model)
    for images in (1, full):
        yield Case(tool="clipart", fields={"prompt": PROMPT}, images=images)
    for repeat in ("straight", "half-drop"):
        yield Case(tool="pattern", fields={"prompt": PROMPT, "way": "painted", "repeat": repeat}, images=full)
    yield Case(tool="pattern", fields={"prompt": PROMPT, "also": ["bee"]}, images=full)
    yield Case(tool="outpaint", fields={"aspect": "2:1"}, images=full, side=SOURCE_SIDES[0])
    for side in SOURCE_SIDES:
        for factor in (2, 4):
            yield Case(tool="upscale", fields={"factor": factor}, images=1, side=side)


class Bench:
    """Renders waves with the worker's renderers and one pipeline."""

    def __init__(self, pipeline: Any, model: Model, settings: RendererSettings) -> None:
        self.model = model
        self.pipeline = pipeline
        self._device = settings.device
        # The profile is of drawings without a style. Only a style's adapter needs the hash of the network.
        self.adapters = AdapterCache(pipeline.unet, "", lambda source: locate(source, settings))
        sources = SourcePictures(self._fetch, wave_size=model.wave_size)
        diffusion = Diffusion(pipeline, model, self.adapters)
        kit = Kit(diffusion=diffusion, sources=sources, settings=settings)
        self._sources = sources
        self._renderers = {name: make(kit) for name, make in RENDERERS.items()}
        self._tool_renderers = ToolRenderers(
            self._renderers,
            wave_size=model.wave_size,
            picture_check=NudityCheck(),
            provenance=ProvenanceEncoder(model=model.name, model_sha256="0" * 64),
        )
        self._pictures: dict[int, bytes] = {}

    def measure(self, case: Case) -> WaveTimes:
        """Return the medians of several rounds after a first one. Raises the renderer's error."""
        orders, load, load_of_one = self._build_orders(case)
        for order in orders:
            self._sources.fetch(order)
        renderer = self._renderers[case.tool]
        first_s, drawings = self._time(lambda: renderer.render(orders, lambda _: None))
        rounds = [self._time(lambda: renderer.render(orders, lambda _: None))[0] for _ in range(ROUNDS)]
        return WaveTimes(
            case=case,
            load=load,
            load_of_one=load_of_one,
            first_s=first_s,
            render_s=median(rounds),
            finish_s=median(self._time_finish(order, each) for order, each in zip(orders, drawings, strict=True)),
        )

    def measure_images_per_s(self, size: int) -> float:
        """The images per second with `size` drawings in each call, at the model's default settings."""
        model = replace(self.model, wave_size=size)
        settings = CallSettings(
            size=sides(model.default_size), steps=model.default_steps, guidance=model.guidance.default
        )
        sketches = [Sketch(prompt=PROMPT, negative_prompt="", seed=SEED + number) for number in range(size)]
        diffusion = Diffusion(self.pipeline, model, self.adapters)
        self._time(lambda: diffusion.draw(sketches, settings, lambda _: None))
        rounds = [self._time(lambda: diffusion.draw(sketches, settings, lambda _: None))[0] for _ in range(ROUNDS)]
        return size / median(rounds)

    def _build_orders(self, case: Case) -> tuple[list[ImageOrder], Load, Load]:
        source = self._add_source(case.side) if case.side else None
        reference = {"source": source.reference} if source else {}
        request = parse_request(find_tool(case.tool).request, json.dumps({**case.fields, **reference}))
        request = request.for_model(self.model)
        if source:
            request = request.for_source(source)
        orders = [
            ImageOrder(
                job_id="a" * 26,
                index=index,
                seed=SEED + index,
                tool=case.tool,
                model=self.model.name,
                request=request.model_dump(),
                source=source,
            )
            for index in range(case.images)
        ]
        return orders, request.load(self.model, source, case.images), request.load(self.model, source, 1)

    def _time_finish(self, order: ImageOrder, drawing: Drawing) -> float:
        return self._time(lambda: self._tool_renderers.finish(order, drawing))[0]

    def _time(self, work: Callable[[], Any]) -> tuple[float, Any]:
        self._wait()
        start = time.perf_counter()
        result = work()
        self._wait()
        return time.perf_counter() - start, result

    def _wait(self) -> None:
        if self._device == "cuda":
            torch.cuda.synchronize()

    def _add_source(self, side: int) -> Source:
        y, x = np.mgrid[:side, :side] / side
        pixels = np.full((side, side, 3), 255, np.uint8)
        pixels[np.hypot(x - 0.5, y - 0.5) < 0.3] = (221, 46, 68)
        self._pictures[side] = encode_file(Png(pixels=pixels))
        return Source(reference=f"upload/{'a' * 26}", bucket="uploads", key=str(side), width=side, height=side)

    def _fetch(self, source: Source) -> bytes:
        return self._pictures[source.width]


def fit_profile(waves: Sequence[WaveTimes]) -> Profile:
    """Fit the seconds of each unit to the waves, by the least squares of the relative errors. None is negative."""
    rendering = fit_seconds([(each.load, each.render_s) for each in waves], RENDERING)
    finishing = fit_seconds([(each.load_of_one, each.finish_s) for each in waves], FINISHING)
    return Profile(**rendering, **finishing)


def fit_seconds(samples: Sequence[tuple[Load, float]], names: dict[str, str]) -> dict[str, float]:
    units = np.array([[getattr(load, unit) / seconds for unit in names] for load, seconds in samples])
    seconds, _ = nnls(units, np.ones(len(samples)))
    return {name: float(f"{value:.2g}") for name, value in zip(names.values(), seconds, strict=True)}


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiles", description=__doc__)
    parser.add_argument("--model", default="craftspark-clipart-128", choices=CATALOGUE)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--models-bucket", default="", help="bucket of the models that are not built in")
    parser.add_argument(
        "--random-weights", action="store_true", help="use random weights with the shape of Stable Diffusion 1.5"
    )
    arguments = parser.parse_args(words)
    print(json.dumps(measure_profile(arguments), indent=1))
    return 0


def measure_profile(arguments: argparse.Namespace) -> dict[str, Any]:
    model = find_model(arguments.model).on(arguments.device)
    settings = RendererSettings(
        models_bucket=arguments.models_bucket,
        tools=json.dumps(serve_tools(model)),
        device=arguments.device,
        signing_secret="",
    )
    start = time.perf_counter()
    pipeline = random_pipeline(arguments.device) if arguments.random_weights else load_pipeline(model, settings)
    bench = Bench(pipeline, model, settings)
    load_s = time.perf_counter() - start
    # Random weights draw noise, which has no object to cut out, so they are measured only on drawing.
    waves = [bench.measure(case) for case in (build_drawing_cases if arguments.random_weights else build_cases)(model)]
    profile = fit_profile(waves)
    return {
        "device": torch.cuda.get_device_name() if arguments.device == "cuda" else f"{platform.machine()} CPU",
        "torch": torch.__version__,
        "model": arguments.model,
        "load_s": round(load_s, 2),
        "first_wave_s": round(waves[0].first_s, 2),
        "profile": {each.name: getattr(profile, each.name) for each in fields(profile)},
        "images_per_s_by_call_size": {size: round(bench.measure_images_per_s(size), 2) for size in CALL_SIZES},
        "peak_memory_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2) if arguments.device == "cuda" else None,
        "waves": [describe_wave(each, profile) for each in waves],
    }


def describe_wave(wave: WaveTimes, profile: Profile) -> dict[str, Any]:
    """One wave: its measured seconds, and the seconds that the profile predicts."""
    return {
        "wave": wave.case.name,
        "load": {name: round(value, 3) for name, value in asdict(wave.load).items() if value},
        "render_s": round(wave.render_s, 4),
        "by_profile_s": round(profile.render_s(wave.load), 4),
        "finish_one_s": round(wave.finish_s, 4),
        "by_profile_finish_s": round(profile.finish_s(wave.load_of_one), 4),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
