"""Image orders as a worker receives them, and renderers with the built-in model."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

from craftspark.errors import SourceMissing
from craftspark.models.catalogue import find_model
from craftspark.parsing.json_values import parse_request
from craftspark.settings.tasks import RendererSettings
from craftspark.tools import find_tool, serve_tools
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Png, encode_file
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.renderers.loading import load_renderer
from gpu_tasks.renderers.tool_renderers import ToolRenderers
from gpu_tasks.tools.clipart import ClipartRenderer

MODEL = find_model("craftspark-clipart-128")
SETTINGS = RendererSettings(
    models_bucket="",
    tools=json.dumps(serve_tools(MODEL)),
    networks=MODEL.networks.to_text(),
    device="cpu",
    cpu_model_memory_mib=4096,
    signing_secret="",
)
REFERENCE = f"upload/{'a' * 26}"


def refuse_source(source: Source) -> bytes:
    raise SourceMissing(f"the benchmark has no source {source.reference}")


@cache
def load_built_in() -> ToolRenderers:
    return load_renderer(refuse_source, SETTINGS).use(MODEL.name)


def load_with_source(picture: Pixels) -> tuple[ToolRenderers, Source]:
    """Renderers whose only source is the picture (height, width, 3 or 4)."""
    renderers, [source] = load_with_sources([picture])
    return renderers, source


def load_with_sources(pictures: Sequence[Pixels], tool: str = "picture") -> tuple[ToolRenderers, list[Source]]:
    """Renderers, those of the tool among them, whose sources are the pictures (height, width, 3 or 4)."""
    sources = [
        Source(
            reference=REFERENCE,
            bucket="uploads",
            key=str(number),
            width=picture.shape[1],
            height=picture.shape[0],
            alpha=picture.shape[2] == 4,
        )
        for number, picture in enumerate(pictures)
    ]
    renderers = load_renderer(lambda source: encode_file(Png(pixels=pictures[int(source.key)])), SETTINGS)
    return renderers.use(find_tool(tool).served_by(MODEL)), sources


def build_image_order(tool: str, seed: int, *sources: Source, **fields: Any) -> ImageOrder:
    kind = find_tool(tool).request
    body = kind.add_sources(fields, [source.reference for source in sources])
    request = parse_request(kind, json.dumps(body)).for_model(MODEL)
    if sources:
        request = request.for_sources(sources)
    return ImageOrder(
        job_id="a" * 26,
        index=0,
        seed=seed,
        tool=tool,
        model=find_tool(tool).served_by(MODEL),
        request=request.model_dump(),
        sources=sources,
    )


def render_orders(
    renderers: ToolRenderers, *orders: ImageOrder, on_step: Callable[[float], None] = lambda _: None
) -> list[Drawing]:
    """Render the orders wave by wave. Raises the error of an order that cannot be drawn."""
    drawings = []
    for start in range(0, len(orders), renderers.wave_size):
        for drawing in renderers.render(orders[start : start + renderers.wave_size], on_step):
            if not isinstance(drawing, Drawing):
                raise drawing
            drawings.append(drawing)
    return drawings


def cut_out_orders(renderers: ToolRenderers, *orders: ImageOrder) -> list[Drawing]:
    """Draw clipart orders and cut out their objects, wave by wave. The cut-outs have the size of the drawing."""
    renderer = cast("ClipartRenderer", renderers._renderer(orders[0]))
    size = renderers.wave_size
    return [
        drawing
        for start in range(0, len(orders), size)
        for drawing in renderer.cut_out(orders[start : start + size], lambda _: None)
    ]
