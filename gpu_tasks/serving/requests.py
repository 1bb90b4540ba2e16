"""Requests to the HTTP API, from validation to images."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import b32encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from craftspark.errors import ImageUndeliverable, InvalidInput, SourceMissing
from craftspark.jobs.job import JOB_ID_LENGTH, seeds_of
from craftspark.models.catalogue import find_model
from craftspark.parsing.json_values import parse_object, parse_request
from craftspark.pictures.cleaning import clean
from craftspark.tools import find_tool
from craftspark.tools.sources import UPLOAD, Source
from gpu_tasks.chunks import split_chunks
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.images.sources import Fetch
from gpu_tasks.renderers.tool_renderers import ToolRenderers


@dataclass(frozen=True, kw_only=True)
class AcceptedRequest:
    """A valid request: an order for each of its images, and the PNG files of its sources by their keys."""

    orders: tuple[ImageOrder, ...]
    pictures: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class RenderedImage:
    """One image of a request, or the error that prevented it."""

    order: ImageOrder
    result: EncodedImage | ImageUndeliverable


def accept(tool_name: str, body: bytes, pictures: Sequence[bytes], entry: str) -> AcceptedRequest:
    """Validate a request as submission does. `pictures` are the request's sources, in the order of their fields, and
    `entry` is the tool's catalogue entry. Raises ToolUnknown or InvalidInput.
    """
    tool = find_tool(tool_name)
    prepared = [prepare_source(picture) for picture in pictures]
    sources = tuple(source for source, _ in prepared)
    if sources:
        fields = parse_object(body, "request")
        body = json.dumps(tool.request.add_sources(fields, [source.reference for source in sources])).encode()
    request = parse_request(tool.request, body)
    model = find_model(entry)
    request = request.for_model(model)
    if request.wanted_style:
        model.style(request.wanted_style)  # raises and lists the available styles
    if len(request.wanted_sources) != len(sources):
        raise InvalidInput(
            f"the request has {len(request.wanted_sources)} sources, and the form has {len(sources)}; send a form with "
            "one part `source` for each, in their order",
            field="source",
        )
    if sources:
        request = request.for_sources(sources)
    job_id = b32encode(hashlib.sha256(body).digest())[:JOB_ID_LENGTH].decode().lower()
    orders = tuple(
        ImageOrder(
            job_id=job_id,
            index=index,
            seed=seed,
            tool=tool_name,
            model=entry,
            request=request.model_dump(),
            sources=sources,
        )
        for index, seed in enumerate(seeds_of(job_id, request.seed, request.count))
    )
    return AcceptedRequest(orders=orders, pictures={source.key: png for source, png in prepared})


def prepare_source(content: bytes) -> tuple[Source, bytes]:
    """Return an uploaded picture as a source and a PNG file, cleaned as uploads are. Raises InvalidInput."""
    picture = clean(content)
    name = b32encode(hashlib.sha256(picture.png).digest())[:JOB_ID_LENGTH].decode().lower()
    source = Source(
        reference=f"{UPLOAD}/{name}",
        bucket="uploads",
        key=name,
        width=picture.width,
        height=picture.height,
        alpha=picture.alpha,
    )
    return source, picture.png


class Models(Protocol):
    """The renderers of several catalogue entries."""

    def use(self, model: str) -> ToolRenderers:
        """Return the renderers of an entry, loaded. Raises ModelUnavailable."""


class RequestRenderer:
    """Renders requests one after the other. Safe to call from several threads."""

    def __init__(self, open_models: Callable[[Fetch], Models]) -> None:
        self._turn = threading.Lock()
        self._pictures: Mapping[str, bytes] = {}
        self._models = open_models(self._fetch)

    def render(self, accepted: AcceptedRequest) -> list[RenderedImage]:
        """Return the request's images. Raises a RenderError that affects all of them."""
        result: list[RenderedImage] = []
        with self._turn:
            self._pictures = accepted.pictures
            renderers = self._models.use(accepted.orders[0].model)
            for wave in split_chunks(accepted.orders, renderers.wave_size):
                drawings = renderers.render(wave, lambda _: None)
                result += [
                    self._finish(renderers, order, drawing) for order, drawing in zip(wave, drawings, strict=True)
                ]
        return result

    def _finish(self, renderers: ToolRenderers, order: ImageOrder, drawing: Drawing | Exception) -> RenderedImage:
        if isinstance(drawing, ImageUndeliverable):
            return RenderedImage(order=order, result=drawing)
        if isinstance(drawing, Exception):
            raise drawing
        try:
            return RenderedImage(order=order, result=renderers.finish(order, drawing))
        except ImageUndeliverable as error:
            return RenderedImage(order=order, result=error)

    def _fetch(self, source: Source) -> bytes:
        try:
            return self._pictures[source.key]
        except KeyError:
            raise SourceMissing(f"the request has no image for {source.reference}") from None
