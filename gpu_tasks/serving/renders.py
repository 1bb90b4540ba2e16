"""Requests to the HTTP API, from their validation to their images."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass

from craftspark.errors import ImageUndeliverable, InvalidInput, SourceMissing
from craftspark.jobs.job import JOB_ID_LENGTH, seeds_of
from craftspark.models.catalogue import Model
from craftspark.parsing import parse_object, parse_request
from craftspark.pictures import clean
from craftspark.tools import find_tool
from craftspark.tools.sources import UPLOAD, Source
from gpu_tasks.images.drawn import Drawn
from gpu_tasks.images.finishing import Delivered
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.sources import Fetch
from gpu_tasks.studio import Studio


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A request that was found good: an order for each of its images, and the picture they begin from, as PNG."""

    orders: tuple[ImageOrder, ...]
    picture: bytes | None


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """One image of a request: what was made, or why there is nothing."""

    order: ImageOrder
    made: Delivered | ImageUndeliverable


def accept(tool_name: str, body: bytes, picture: bytes | None, model: Model) -> Accepted:
    """Validate a request as its submission would; raises ToolUnknown or InvalidInput.

    The picture that came along is what the request means by its source.
    """
    tool = find_tool(tool_name)
    source, png = None, None
    if picture is not None:
        if "source" not in tool.request.model_fields:
            raise InvalidInput(f"the tool {tool_name} does not use a source", field="source")
        source, png = brought(picture)
        body = with_source(body, source)
    request = parse_request(tool.request, body).for_model(model)
    if request.wanted_source and not source:
        raise InvalidInput("the source is missing; send a form with the image as its part `source`", field="source")
    if request.wanted_style and not model.has_style(request.wanted_style):
        model.style(request.wanted_style)  # raises, and names the styles there are
    if source:
        request = request.for_source(source)
    job_id = b32encode(hashlib.sha256(body).digest())[:JOB_ID_LENGTH].decode().lower()
    orders = tuple(
        ImageOrder(job_id=job_id, index=index, seed=seed, tool=tool_name, request=request.model_dump(), source=source)
        for index, seed in enumerate(seeds_of(job_id, request.seed, request.count))
    )
    return Accepted(orders=orders, picture=png)


def with_source(body: bytes, source: Source) -> bytes:
    """The request's JSON with its source named; raises InvalidInput."""
    return json.dumps({**parse_object(body, "request"), "source": source.reference}).encode()


def brought(content: bytes) -> tuple[Source, bytes]:
    """A picture from outside as a source and its PNG, cleaned as an upload is; raises InvalidInput."""
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


class Renders:
    """Renders requests one after the other; safe to call from several threads."""

    def __init__(self, open_studio: Callable[[Fetch], Studio]) -> None:
        self._turn = threading.Lock()
        self._picture: bytes | None = None
        self._studio = open_studio(self._fetch)

    def render(self, accepted: Accepted) -> list[Rendered]:
        """The request's images; raises a RenderError that concerns all of them."""
        made: list[Rendered] = []
        with self._turn:
            self._picture = accepted.picture
            for start in range(0, len(accepted.orders), self._studio.wave_size):
                wave = accepted.orders[start : start + self._studio.wave_size]
                drawings = self._studio.render(wave, lambda _: None)
                made += [self._finished(order, drawn) for order, drawn in zip(wave, drawings, strict=True)]
        return made

    def _finished(self, order: ImageOrder, drawn: Drawn | Exception) -> Rendered:
        if isinstance(drawn, ImageUndeliverable):
            return Rendered(order=order, made=drawn)
        if isinstance(drawn, Exception):
            raise drawn
        try:
            return Rendered(order=order, made=self._studio.finish(order, drawn))
        except ImageUndeliverable as error:
            return Rendered(order=order, made=error)

    def _fetch(self, source: Source) -> bytes:
        if self._picture is None:
            raise SourceMissing(f"the request has no image for {source.reference}")
        return self._picture
