"""The studio with the built-in model on the device that is there, and orders for it, as every tool's tests use them."""

import io
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image

from craftspark.errors import SourceMissing
from craftspark.models.catalogue import find_model
from craftspark.parsing import parse_request
from craftspark.tools import find_tool
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import Fetch
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.renderers import ProvenanceEncoder, ToolRenderers, build_renderers
from tests.fakes import WORKER_SETTINGS, a_job

MARKS = ProvenanceEncoder(model="m", model_sha256="0" * 64)
MODEL = find_model(WORKER_SETTINGS.model)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SETTINGS = replace(WORKER_SETTINGS, device=DEVICE)


def no_source(source: Source) -> bytes:
    raise SourceMissing(f"there is no {source.reference}")


@cache
def studio() -> ToolRenderers:
    """One studio for all tests of tools: it keeps nothing of what it rendered."""
    return build_renderers(_pipeline(), MODEL, no_source, SETTINGS)


@cache
def _pipeline() -> Any:
    return load_pipeline(MODEL, SETTINGS)


def studio_with(fetch: Fetch) -> ToolRenderers:
    """A studio whose sources come from `fetch`."""
    return build_renderers(_pipeline(), MODEL, fetch, SETTINGS)


def an_order_of(tool: str, seed: int, body: str, source: Source | None = None) -> ImageOrder:
    """An order as a worker gets it after such a request was submitted."""
    request = parse_request(find_tool(tool).request, body).for_model(MODEL)
    if source:
        request = request.for_source(source)
    return ImageOrder.of(a_job(tool=tool, request=request.model_dump(), source=source), 0, seed)


class Lenient:
    """Lets every picture through."""

    def check(self, picture: Pixels) -> None:
        pass


def pixels_in(png: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(png)))


def silent(_share: float) -> None:
    pass


def render(*orders: ImageOrder, by: ToolRenderers | None = None) -> list[Drawing]:
    """The orders' drawings; raises what kept one from being drawn."""
    drawings = []
    for drawn in (by or studio()).render(orders, silent):
        if isinstance(drawn, Exception):
            raise drawn
        drawings.append(drawn)
    return drawings
