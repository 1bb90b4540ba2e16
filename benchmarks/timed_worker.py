"""The GPU worker with a stopwatch around the model's forward passes.

`python -m benchmarks.timed_worker FILE STEPS [FOLDER]` first runs a plain Diffusers loop and then serves the queue. At
the end, it writes the share of busy time outside the model to FILE, for the loop and for the worker. FOLDER is another
model of the same shape to draw with.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from craftspark.errors import SourceMissing
from craftspark.models.catalogue import find_models
from craftspark.models.model import Model
from craftspark.settings.tasks import WorkerSettings
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.inference.model_store import load_folder, load_pipeline
from gpu_tasks.renderers.tool_renderers import Surroundings, ToolRenderers, build_renderers
from gpu_tasks.worker.main import main
from gpu_tasks.worker.wave_queue import Renderer

PLAIN_WAVES = 4


class Stopwatch:
    """The seconds spent in the model's forward passes."""

    def __init__(self, pipeline: Any) -> None:
        self.seconds = 0.0
        for part, method in ((pipeline.unet, "forward"), (pipeline.text_encoder, "forward"), (pipeline.vae, "decode")):
            setattr(part, method, self._time(getattr(part, method)))

    def _time(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed_function(*arguments: Any, **options: Any) -> Any:
            with self.measure():
                return function(*arguments, **options)

        return timed_function

    @contextmanager
    def measure(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start


class TimedRenderer(Renderer):
    """The worker's renderers, with the start, the end and the model's seconds of each wave."""

    def __init__(self, renderers: ToolRenderers, stopwatch: Stopwatch) -> None:
        self.wave_size = renderers.wave_size
        self.waves: list[tuple[float, float, float]] = []
        self._renderers, self._stopwatch = renderers, stopwatch

    def kind(self, order: ImageOrder) -> Hashable:
        return self._renderers.kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        start, seconds_before = time.perf_counter(), self._stopwatch.seconds
        pictures = self._renderers.render(wave, on_step)
        self.waves.append((start, time.perf_counter(), self._stopwatch.seconds - seconds_before))
        return pictures

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        return self._renderers.finish(order, drawing)

    def share_outside(self) -> float:
        """The share from the start of the second wave to the end of the last. The first wave is the warm-up."""
        counted = self.waves[1:]
        busy = counted[-1][1] - counted[0][0]
        return 1 - sum(in_model for _, _, in_model in counted) / busy


def run_plain_loop(pipeline: Any, model: Model, steps: int, stopwatch: Stopwatch) -> float:
    """Run a loop as the Diffusers documentation shows it: render, save, repeat. Returns the share outside the model."""

    def render_wave() -> None:
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in range(model.wave_size)]
        images = pipeline(
            ["a red apple"] * model.wave_size,
            width=128,
            height=128,
            num_inference_steps=steps,
            guidance_scale=model.guidance.default,
            guidance_rescale=model.guidance.rescale,
            generator=generators,
        ).images
        for image in images:
            image.save(io.BytesIO(), "PNG")

    render_wave()
    start, seconds_before = time.perf_counter(), stopwatch.seconds
    for _ in range(PLAIN_WAVES):
        render_wave()
    return 1 - (stopwatch.seconds - seconds_before) / (time.perf_counter() - start)


def refuse_source(source: Source) -> bytes:
    raise SourceMissing(f"the benchmark has no source {source.reference}")


def serve(out: Path, steps: int, folder: Path | None = None) -> int:
    renderers: list[TimedRenderer] = []
    plain: list[float] = []
    parameters: list[int] = []

    def load(settings: WorkerSettings) -> TimedRenderer:
        [model] = find_models(settings.models.values())
        pipeline = load_folder(folder, model, settings.device) if folder else load_pipeline(model, settings)
        parameters.append(sum(each.numel() for each in pipeline.unet.parameters()))
        stopwatch = Stopwatch(pipeline)
        plain.append(run_plain_loop(pipeline, model, steps, stopwatch))
        surroundings = Surroundings.of(refuse_source, settings)
        renderers.append(TimedRenderer(build_renderers(pipeline, model, surroundings), stopwatch))
        return renderers[0]

    code = main(load)
    if renderers and len(renderers[0].waves) > 1:
        shares = {
            "worker": renderers[0].share_outside(),
            "plain": plain[0],
            "waves": len(renderers[0].waves),
            "parameters_m": round(parameters[0] / 1e6),
        }
        out.write_text(json.dumps(shares))
    return code


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1]), int(sys.argv[2]), *map(Path, sys.argv[3:])))
