"""Outpaint: a source on a larger canvas, whose new area continues its ground or is drawn by inpainting."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from craftspark.tools.outpaint import OutpaintRequest
from craftspark.tools.windows import Box, split_canvas
from gpu_tasks.images.drawing import Drawing, OnStep, derive_seed, make_drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.order_inputs import build_settings, build_sketch
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.outpaint.canvas import Canvas, Window
from gpu_tasks.tools.outpaint.extension import Draws, extend

STRENGTH = 1.0  # new areas start as pure noise


@dataclass(kw_only=True)
class Painting:
    """An order in progress: its canvas, and the parts of it that are drawn one after the other."""

    order: ImageOrder
    canvas: Canvas
    parts: tuple[Box, ...]
    networks: Mapping[str, str] = field(default_factory=dict)


class OutpaintRenderer:
    """Renders waves of one size of the model, number of steps, guidance and style. Canvases can differ."""

    def __init__(self, diffusion: Diffusion, upscaler: Upscaler, sources: SourcePictures) -> None:
        self._diffusion = diffusion
        self._upscaler = upscaler
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings of the order."""
        return self._settings(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return the sources with their new areas, with the same number of channels. Raises ModelUnavailable or
        SourceMissing.
        """
        settings = self._settings(wave[0])
        paintings = [self._start(order, settings) for order in wave]
        total = sum(len(painting.parts) for painting in paintings)
        done = 0
        for together in zip_longest(*(painting.parts for painting in paintings)):
            parts = [(painting, part) for painting, part in zip(paintings, together, strict=True) if part]
            before, share = done / total, len(parts) / total
            self._draw(
                parts,
                settings,
                lambda part, before=before, share=share: on_step(before + part * share),  # type: ignore[misc]
            )
            done += len(parts)
        on_step(1.0)
        return [finish_painting(painting) for painting in paintings]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the drawing unchanged."""
        return finish_unchanged(drawing)

    def _settings(self, order: ImageOrder) -> DrawingSettings:
        request, source = build_request(order), self._sources.describe(order)
        settings = build_settings(order, self._diffusion.model, strength=STRENGTH)
        return replace(settings, size=request.drawing_size(self._diffusion.model, source))

    def _start(self, order: ImageOrder, settings: DrawingSettings) -> Painting:
        request, source = build_request(order), self._sources.load(order)
        height, width = source.shape[:2]
        size = (request.width or width, request.height or height)
        place = request.place_of(width, height)
        draws: Draws = "all" if request.prompt else "scenes" if self._diffusion.model.draws_scenes else "nothing"
        extension = extend(source, place, size, order.seed, draws)
        parts = split_canvas(size, extension.known, settings.size)
        return Painting(order=order, canvas=Canvas(extension), parts=parts)

    def _draw(self, parts: Sequence[tuple[Painting, Box]], settings: DrawingSettings, on_step: OnStep) -> None:
        """Draw one part of each painting, and enlarge it to the scale of its canvas."""
        windows = [painting.canvas.view(part, settings.size) for painting, part in parts]
        sketches = [
            build_part_sketch(painting, part, window) for (painting, part), window in zip(parts, windows, strict=True)
        ]
        pictures = self._diffusion.draw(sketches, settings, on_step)
        for (painting, part), window, pixels in zip(parts, windows, pictures, strict=True):
            painting.canvas.add(part, window, pixels, self._upscaler)
            painting.networks = self._upscaler.identity


def build_request(order: ImageOrder) -> OutpaintRequest:
    return OutpaintRequest.model_validate(order.request, strict=False)


def build_part_sketch(painting: Painting, part: Box, window: Window) -> Sketch:
    """Return the sketch of a part. Each part has its own noise."""
    seed = derive_seed(painting.order.seed, painting.parts.index(part))
    return replace(build_sketch(painting.order), seed=seed, start=window.start, unknown=window.unknown)


def finish_painting(painting: Painting) -> Drawing:
    """Return the drawing of a painting, with its flaw if the drawn area is blank."""
    order, canvas = painting.order, painting.canvas
    if canvas.invalid:
        return make_drawing(None, order.seed)
    return Drawing(pixels=canvas.result, seed=order.seed, flaw=canvas.flaw, networks=painting.networks)
