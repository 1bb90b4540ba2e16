"""`python -m gpu_tasks serve`: the HTTP API of one container, for model engineers and other orchestrators.

There is no sign-in: whoever reaches the port may render. Keep it inside a private network.
"""

from __future__ import annotations

import asyncio
import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from craftspark.errors import BodyTooLarge, CraftsparkError, InvalidInput, ModelUnavailable, ToolUnknown
from craftspark.models.catalogue import Model
from craftspark.parsing import parse_whole_number, utf8
from craftspark.uploads import MAX_UPLOAD_BYTES
from gpu_tasks.images.finishing import Delivered
from gpu_tasks.serving.metrics import Measures
from gpu_tasks.serving.renders import Rendered, Renders, accept

LARGEST_BODY = MAX_UPLOAD_BYTES + 64 * 1024  # the picture and the request beside it
MOST_WAITING = 16
RETRY_AFTER_S = 5
WARM_UP = b'{"prompt": "apple", "count": 1, "seed": 1, "steps": 1}'

logger = Logger(service="gpu_serving")


class NotReady(CraftsparkError):
    """The model is not loaded yet, or as many requests wait as may."""


STATUS = {
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    ModelUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    ToolUnknown: HTTPStatus.NOT_FOUND,
}


class Application:
    """The routes around one studio, which is loaded and has rendered once before it is ready."""

    def __init__(self, model: Model, load: Callable[[], Renders], on_failure: Callable[[Exception], None]) -> None:
        self._model = model
        self._load = load
        self._on_failure = on_failure
        self._measures = Measures()
        self._renders: Renders | None = None
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        # Torch keeps state a thread: the one that loads is the one that renders.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")
        self.asgi = Starlette(
            routes=[
                Route("/v1/render/{tool}", self.render, methods=["POST"]),
                Route("/health/live", self.live),
                Route("/health/ready", self.ready),
                Route("/metrics", self.metrics),
            ],
            lifespan=self._lifespan,
            exception_handlers={CraftsparkError: self._refuse},
        )

    async def live(self, _: Request) -> Response:
        return PlainTextResponse("live\n")

    async def ready(self, _: Request) -> Response:
        if self._renders is None:
            raise NotReady("the model is being loaded")
        return PlainTextResponse("ready\n")

    async def metrics(self, _: Request) -> Response:
        return Response(self._measures.text(), media_type="text/plain; version=0.0.4")

    async def render(self, request: Request) -> Response:
        """JSON in, or a form with the parts `request` and `source`; the images in base64 out."""
        tool, began = request.path_params["tool"], time.monotonic()
        body, picture = await read(request)
        accepted = await asyncio.to_thread(accept, tool, body, picture, self._model)
        if self._renders is None:
            raise NotReady("the model is being loaded")
        if not self._places.acquire(blocking=False):
            raise NotReady(f"{MOST_WAITING} requests are already waiting")
        with self._measures.waiting.track_inprogress():
            try:
                made = await asyncio.get_running_loop().run_in_executor(self._thread, self._renders.render, accepted)
            finally:
                self._places.release()
        self._measures.seconds.labels(tool).observe(time.monotonic() - began)
        for each in made:
            outcome = "delivered" if isinstance(each.made, Delivered) else each.made.name
            self._measures.images.labels(tool, outcome).inc()
        images = [image_of(each) for each in made]
        return JSONResponse({"tool": tool, "model": self._model.name, "images": images})

    def _refuse(self, _: Request, error: Exception) -> Response:
        if not isinstance(error, CraftsparkError):
            raise error
        status = STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        self._measures.refused.labels(error.name).inc()
        logger.info("request refused", extra={"reason": error.name, "field": error.field, "detail": error.detail})
        problem: dict[str, Any] = {
            "type": f"/problems/{error.name}",
            "title": status.phrase,
            "status": status,
            "detail": error.detail,
            **({"field": error.field} if error.field else {}),
            **{name: value for name, value in error.facts.items() if name == "errors"},
        }
        headers = {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        return JSONResponse(problem, status, headers, media_type="application/problem+json")

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        warming = asyncio.get_running_loop().run_in_executor(self._thread, self._warm_up)
        yield
        await warming
        self._thread.shutdown(wait=True)

    def _warm_up(self) -> None:
        """Load, and render once: the first picture of a process takes longer than every other."""
        try:
            renders = self._load()
            renders.render(accept("picture", WARM_UP, None, self._model))
        except Exception as error:  # whatever it is, a container that cannot render must end
            self._on_failure(error)
            return
        self._renders = renders
        self._measures.ready.set(1)
        logger.info("ready", extra={"model": self._model.name})


async def read(request: Request) -> tuple[bytes, bytes | None]:
    """The request's JSON, and the picture beside it; raises BodyTooLarge or InvalidInput."""
    length = request.headers.get("content-length", "")
    size = parse_whole_number(length, "Content-Length", minimum=0, maximum=10**18 - 1)
    if size > LARGEST_BODY:
        raise BodyTooLarge(f"the body has {size} bytes and may have {LARGEST_BODY}", field="body")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body(), None
    try:
        async with request.form(max_files=1, max_fields=1, max_part_size=64 * 1024) as form:
            asked, picture = form.get("request"), form.get("source")
            if not isinstance(asked, str):
                raise InvalidInput("the part `request` of the form must be the request as JSON", field="request")
            if not isinstance(picture, UploadFile):
                raise InvalidInput("the part `source` of the form must be an image file", field="source")
            return utf8(asked, "request"), await picture.read()
    except HTTPException as malformed:
        raise InvalidInput(f"the form cannot be read: {malformed.detail}", field="body") from None


def image_of(rendered: Rendered) -> dict[str, Any]:
    """An image as the API answers it."""
    order, made = rendered.order, rendered.made
    facts = {"index": order.index, "seed": order.seed}
    if not isinstance(made, Delivered):
        return {**facts, "error": made.name, "reason": made.detail}
    return {
        **facts,
        "width": made.width,
        "height": made.height,
        "alpha": made.alpha,
        "scores": dict(made.scores),
        "png": b64encode(made.png).decode(),
        "thumbnail_webp": b64encode(made.thumbnail_webp).decode(),
        "files": {name: b64encode(content).decode() for name, content in made.files.items()},
    }
