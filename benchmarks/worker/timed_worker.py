"""The GPU worker with stopwatches around the forward passes of its networks.

`python -m benchmarks.worker.timed_worker FILE STEPS [FOLDER]` first runs a plain Diffusers loop and then serves the
queue. At the end, it writes the share of busy time outside the networks to FILE, for the loop and for the worker.
FOLDER is another model of the same shape to draw with.

The networks are those of the diffusion model, the upscaler and the likeness encoder. The plain loop neither enlarges
nor checks its drawings, so the share outside the diffusion model is written too.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import torch

from craftspark.errors import SourceMissing
from craftspark.models.catalogue import find_models
from craftspark.models.model import Model
from craftspark.settings.tasks import WorkerSettings
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.inference.encoders.likeness import PictureNetwork
from gpu_tasks.inference.model_store import load_folder, load_pipeline
from gpu_tasks.inference.upscaler_networks import UpscalerNetwork
from gpu_tasks.renderers.tool_renderers import Surroundings, ToolRenderers, build_renderers
from gpu_tasks.worker.main import main
from gpu_tasks.worker.wave_queue import Renderer

PLAIN_WAVES = 4


class Stopwatch:
    """The seconds spent in some methods, each of an object or of all objects of a class."""

    def __init__(self, *methods: tuple[Any, str]) -> None:
        self.seconds = 0.0
        for owner, method in methods:
            setattr(owner, method, self._time(getattr(owner, method)))

    @classmethod
    def around(cls, pipeline: Any) -> Self:
        """A stopwatch around the networks of a diffusion model."""
        return cls((pipeline.unet, "forward"), (pipeline.text_encoder, "forward"), (pipeline.vae, "decode"))

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
    """The worker's renderers, with the start, the end and the seconds of each stopwatch for each wave."""

    def __init__(self, renderers: ToolRenderers, **stopwatches: Stopwatch) -> None:
        self.wave_size = renderers.wave_size
        self.waves: list[tuple[float, float, dict[str, float]]] = []
        self._renderers, self._stopwatches = renderers, stopwatches

    def kind(self, order: ImageOrder) -> Hashable:
        return self._renderers.kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        start, before = time.perf_counter(), {name: each.seconds for name, each in self._stopwatches.items()}
        pictures = self._renderers.render(wave, on_step)
        spent = {name: each.seconds - before[name] for name, each in self._stopwatches.items()}
        self.waves.append((start, time.perf_counter(), spent))
        return pictures

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        return self._renderers.finish(order, drawing)

    def share_outside(self, *stopwatches: str) -> float:
        """The share of the time from the start of the second wave to the end of the last that none of these stopwatches
        counts. The first wave is the warm-up.
        """
        counted = self.waves[1:]
        busy = counted[-1][1] - counted[0][0]
        return 1 - sum(spent[name] for _, _, spent in counted for name in stopwatches) / busy


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
        diffusion = Stopwatch.around(pipeline)
        plain.append(run_plain_loop(pipeline, model, steps, diffusion))
        other = Stopwatch((UpscalerNetwork, "forward"), (PictureNetwork, "forward"))
        surroundings = Surroundings.of(refuse_source, settings)
        renderers.append(
            TimedRenderer(build_renderers(pipeline, model, surroundings), diffusion=diffusion, other=other)
        )
        return renderers[0]

    code = main(load)
    if renderers and len(renderers[0].waves) > 1:
        shares = {
            "worker": renderers[0].share_outside("diffusion", "other"),
            "outside_diffusion": renderers[0].share_outside("diffusion"),
            "plain": plain[0],
            "waves": len(renderers[0].waves),
            "parameters_m": round(parameters[0] / 1e6),
        }
        out.write_text(json.dumps(shares))
    return code


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1]), int(sys.argv[2]), *map(Path, sys.argv[3:])))
