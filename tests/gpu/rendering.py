"""Renderers with the built-in model on the available device, and image orders, for the tests of all tools."""

import io
from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image

from craftspark.errors import SourceMissing
from craftspark.models.catalogue import find_model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import find_tool
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import Fetch
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.renderers import Networks
from gpu_tasks.renderers.tool_renderers import (
    ProvenanceEncoder,
    Surroundings,
    ToolRenderers,
    build_diffusion_renderers,
    open_diffusion,
)
from gpu_tasks.worker.wave_queue import Renderer
from tests.fakes import WORKER_SETTINGS, a_job

MARKS = ProvenanceEncoder(model="m", model_sha256="0" * 64)
MODEL = find_model("craftspark-clipart-128")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SETTINGS = replace(WORKER_SETTINGS, device=DEVICE)


def no_source(source: Source) -> bytes:
    raise SourceMissing(f"there is no {source.reference}")


@cache
def studio() -> ToolRenderers:
    """Renderers that all tests of tools share. They keep no state between images."""
    return studio_with(no_source)


@cache
def _pipeline() -> Any:
    return load_pipeline(MODEL, SETTINGS)


@cache
def a_diffusion() -> Diffusion:
    """The built-in model, loaded once for all tests of tools."""
    return open_diffusion(_pipeline(), MODEL, SETTINGS)


@cache
def _networks() -> Networks:
    return Networks(settings=SETTINGS)


def an_upscaler() -> Upscaler:
    return _networks().upscaler(MODEL.networks.enlarge)


def surroundings_with(fetch: Fetch) -> Surroundings:
    """Surroundings whose sources come from `fetch`, with the networks that all tests of tools share."""
    return replace(Surroundings.of(fetch, SETTINGS), networks=_networks())


def studio_with(fetch: Fetch) -> ToolRenderers:
    """Renderers whose sources come from `fetch`."""
    return build_diffusion_renderers(a_diffusion(), surroundings_with(fetch))


def an_order_of(tool: str, seed: int, body: str, *sources: Source) -> ImageOrder:
    """The order that a worker receives after the submission of this request."""
    request = parse_request(find_tool(tool).request, body).for_model(MODEL)
    if sources:
        request = request.for_sources(sources)
    return ImageOrder.of(a_job(tool=tool, request=request.model_dump(), sources=sources), 0, seed)


class OneModel(Renderer):
    """The renderers of one model, which is always loaded."""

    def __init__(self, renderers: ToolRenderers) -> None:
        self.wave_size = renderers.wave_size
        self._renderers = renderers

    def use(self, model: str) -> ToolRenderers:
        return self._renderers

    def kind(self, order: ImageOrder) -> Hashable:
        return self._renderers.kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        return self._renderers.render(wave, on_step)

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        return self._renderers.finish(order, drawing)


class Lenient:
    """Accepts every picture."""

    def check(self, picture: Pixels) -> None:
        pass


def pixels_in(png: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(png)))


def silent(_share: float) -> None:
    pass


def render(*orders: ImageOrder, by: ToolRenderers | None = None) -> list[Drawing]:
    """Render the orders. Raises the error of an order that cannot be drawn."""
    drawings = []
    for drawn in (by or studio()).render(orders, silent):
        if isinstance(drawn, Exception):
            raise drawn
        drawings.append(drawn)
    return drawings
