"""One image through the worker's renderers, compared with one direct call of the same pipeline."""

import io
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from PIL import Image

from benchmarks.entries import Entry, build_ratio
from benchmarks.tools.orders import SETTINGS, refuse_source
from craftspark.models.catalogue import find_model
from craftspark.models.model import Model
from craftspark.tools.picture import PictureRequest
from craftspark.tools.request import sides
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.inference.model_store import load_folder
from gpu_tasks.renderers.tool_renderers import Surroundings, ToolRenderers, build_renderers
from tests.gpu.tiny_models import save

SIZE, STEPS = "512x512", 8
PROMPT = "a red apple"
ROUNDS = 7
GOAL = 1.15


def measure() -> list[Entry]:
    """Measure a tiny Stable Diffusion XL, whose wave is one image. Both include the PNG file."""
    entry = replace(find_model("sdxl-lightning"), sizes=(SIZE,), default_size=SIZE, wave=1)
    with TemporaryDirectory() as place:
        pipeline = load_folder(save("sdxl-lightning", Path(place) / "model"), entry, "cpu")
        renderers = build_renderers(pipeline, entry, Surroundings.of(refuse_source, SETTINGS))
        order = build_order(entry)
        render_directly(pipeline)
        render_through_worker(renderers, order)
        direct, through = [], []
        for _ in range(ROUNDS):  # in alternation, so that other load on the machine affects both
            direct.append(time_call(lambda: render_directly(pipeline)))
            through.append(time_call(lambda: render_through_worker(renderers, order)))
    return [
        build_ratio(
            "lone_image_over_alone",
            through,
            direct,
            goal=GOAL,
            beside={"through_worker_s": round(median(through), 3), "direct_s": round(median(direct), 3), "wave": 1},
        )
    ]


def build_order(entry: Model) -> ImageOrder:
    request = PictureRequest(prompt=PROMPT, steps=STEPS, count=1).for_model(entry)
    return ImageOrder(job_id="a" * 26, index=0, seed=1, tool="picture", model=entry.name, request=request.model_dump())


def render_directly(pipeline: Any) -> bytes:
    """Draw as the Diffusers documentation shows it."""
    width, height = sides(SIZE)
    generator = torch.Generator("cpu").manual_seed(1)
    [image] = pipeline(
        PROMPT, width=width, height=height, num_inference_steps=STEPS, guidance_scale=1.0, generator=generator
    ).images
    file = io.BytesIO()
    picture: Image.Image = image
    picture.save(file, "PNG")
    return file.getvalue()


def render_through_worker(renderers: ToolRenderers, order: ImageOrder) -> bytes:
    """Draw, check and encode. Raises the error of a drawing."""
    [drawing] = renderers.render([order], lambda _share: None)
    if not isinstance(drawing, Drawing):
        raise drawing
    return renderers.finish(order, drawing).png


def time_call(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
