"""`python -m gpu_tasks serve`: the container's own HTTP API, for model engineers and other orchestrators.

The API has no sign-in: any client that reaches the port can render. Use it only in a private network.
"""

from __future__ import annotations

import asyncio
import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
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

from craftspark.errors import BodyTooLarge, CraftsparkError, InvalidInput, ModelUnavailable, NotReady, ToolUnknown
from craftspark.jobs.resemblance import describe_warnings, find_near_identical
from craftspark.parsing.json_values import utf8
from craftspark.parsing.values import parse_whole_number
from craftspark.tools.lineage import MAX_SOURCES
from craftspark.uploads import MAX_UPLOAD_BYTES
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.serving.metrics import Metrics
from gpu_tasks.serving.requests import RenderedImage, RequestRenderer, accept

MAX_REQUEST_BYTES = 64 * 1024  # of the request's JSON
# Of all sources of one request. Each may have MAX_UPLOAD_BYTES, but every waiting request keeps its own in memory.
MAX_SOURCES_BYTES = 4 * MAX_UPLOAD_BYTES
MAX_FORM_BYTES = MAX_SOURCES_BYTES + 2 * MAX_REQUEST_BYTES  # each part has a head
MAX_WAITING = 16
RETRY_AFTER_S = 5
WARM_UP = b'{"prompt": "apple", "count": 1, "seed": 1, "steps": 1}'

logger = Logger(service="gpu_serving")


STATUS = {
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    ModelUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    ToolUnknown: HTTPStatus.NOT_FOUND,
}


class Application:
    """The routes around one set of renderers. It is ready after the model is loaded and has rendered once."""

    def __init__(
        self, tools: Mapping[str, str], load: Callable[[], RequestRenderer], on_failure: Callable[[Exception], None]
    ) -> None:
        """`tools` has the name of the catalogue entry of each tool."""
        self._tools = tools
        self._load = load
        self._on_failure = on_failure
        self._metrics = Metrics()
        self._renderer: RequestRenderer | None = None
        self._slots = threading.BoundedSemaphore(MAX_WAITING)
        # Torch keeps state per thread, so one thread loads and renders.
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
        """Return 200 while the process runs."""
        return PlainTextResponse("live\n")

    async def ready(self, _: Request) -> Response:
        """Return 200 when the model is loaded. Raises NotReady."""
        if self._renderer is None:
            raise NotReady("the model is still loading")
        return PlainTextResponse("ready\n")

    async def metrics(self, _: Request) -> Response:
        """Return the metrics in Prometheus' text format."""
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")

    async def render(self, request: Request) -> Response:
        """Render a request: JSON, or a form with the part `request` and a part `source` for each source. Returns the
        images in base64.

        Raises NotReady, ToolUnknown, and the errors of `accept` and of rendering.
        """
        tool, started = request.path_params["tool"], time.monotonic()
        body, pictures = await read(request)
        if tool not in self._tools:
            raise ToolUnknown(
                f"there is no tool {tool[:100]!r} here; the tools are {', '.join(sorted(self._tools))}", field="tool"
            )
        accepted = await asyncio.to_thread(accept, tool, body, pictures, self._tools[tool])
        if self._renderer is None:
            raise NotReady("the model is being loaded")
        if not self._slots.acquire(blocking=False):
            raise NotReady(f"{MAX_WAITING} requests are already waiting")
        with self._metrics.waiting.track_inprogress():
            try:
                result = await asyncio.get_running_loop().run_in_executor(self._thread, self._renderer.render, accepted)
            finally:
                self._slots.release()
        self._metrics.seconds.labels(tool).observe(time.monotonic() - started)
        for each in result:
            outcome = "delivered" if isinstance(each.result, EncodedImage) else each.result.name
            self._metrics.images.labels(tool, outcome).inc()
        images = describe_images(result)
        return JSONResponse({"tool": tool, "model": self._tools[tool], "images": images})

    def _refuse(self, _: Request, error: Exception) -> Response:
        if not isinstance(error, CraftsparkError):
            raise error
        status = STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
        self._metrics.refused.labels(error.name).inc()
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
        """Load the model and render once, because the first picture of a process takes longer than others."""
        try:
            renderer = self._load()
            if picture_model := self._tools.get("picture"):
                renderer.render(accept("picture", WARM_UP, (), picture_model))
        except Exception as error:  # a container that cannot render must end after any error
            self._on_failure(error)
            return
        self._renderer = renderer
        self._metrics.ready.set(1)
        logger.info("ready", extra={"tools": dict(self._tools)})


async def read(request: Request) -> tuple[bytes, list[bytes]]:
    """Read the request's JSON and its source pictures. Raises BodyTooLarge or InvalidInput."""
    length = request.headers.get("content-length", "")
    size = parse_whole_number(length, "Content-Length", minimum=0, maximum=10**18 - 1)
    is_form = request.headers.get("content-type", "").startswith("multipart/form-data")
    if size > (maximum := MAX_FORM_BYTES if is_form else MAX_REQUEST_BYTES):
        raise BodyTooLarge(f"the body has {size} bytes; the maximum is {maximum}", field="body")
    if not is_form:
        return await request.body(), []
    try:
        async with request.form(max_files=MAX_SOURCES, max_fields=1, max_part_size=MAX_REQUEST_BYTES) as form:
            asked, files = form.get("request"), form.getlist("source")
            if not isinstance(asked, str):
                raise InvalidInput("the part `request` of the form must be the request as JSON", field="request")
            uploads = [file for file in files if isinstance(file, UploadFile)]
            if not uploads or len(uploads) < len(files):
                raise InvalidInput("each part `source` of the form must be an image file", field="source")
            for number, upload in enumerate(uploads, 1):
                if (upload.size or 0) > MAX_UPLOAD_BYTES:
                    raise BodyTooLarge(
                        f"source {number} has {upload.size} bytes; the maximum is {MAX_UPLOAD_BYTES}", field="source"
                    )
            return utf8(asked, "request"), [await upload.read() for upload in uploads]
    except HTTPException as malformed:
        raise InvalidInput(f"the form cannot be read: {malformed.detail}", field="body") from None


def describe_images(rendered: Sequence[RenderedImage]) -> list[dict[str, Any]]:
    """Return the images of a request in the API's JSON form."""
    results = {each.order.index: each.result for each in rendered}
    alike = find_near_identical(
        {index: result.colour_layout for index, result in results.items() if isinstance(result, EncodedImage)}
    )
    return [describe_image(each, alike.get(each.order.index)) for each in rendered]


def describe_image(rendered: RenderedImage, alike: int | None) -> dict[str, Any]:
    """Return an image in the API's JSON form. `alike` is the earlier image that it looks nearly like."""
    order, result = rendered.order, rendered.result
    facts = {"index": order.index, "seed": order.seed}
    if not isinstance(result, EncodedImage):
        return {**facts, "error": result.name, "reason": result.detail}
    return {
        **facts,
        "width": result.width,
        "height": result.height,
        "alpha": result.alpha,
        "scores": dict(result.scores),
        **describe_warnings(result.warning, alike, order.request),
        "png": b64encode(result.png).decode(),
        "thumbnail_webp": b64encode(result.thumbnail_webp).decode(),
        "files": {name: b64encode(content).decode() for name, content in result.files.items()},
    }
