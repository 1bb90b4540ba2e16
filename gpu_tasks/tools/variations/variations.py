"""Variations: image to image, in exactly the size of the source."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from craftspark.tools.variations import LOW_STRENGTH
from craftspark.tools.windows import choose_size
from gpu_tasks.images.drawing import Drawing, OnStep, make_drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.images.pixels import Pixels, resample
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.enlarging import enlarge_drawing
from gpu_tasks.inference.order_inputs import build_settings, build_sketch
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.matte import MAX_COVERAGE
from gpu_tasks.tools.cutting.motifs import MotifCutter
from gpu_tasks.tools.cutting.printing import enlarge_motif, spread_colours
from gpu_tasks.tools.variations.keeping import find_kept, lay_over, put_back
from gpu_tasks.tools.variations.placing import Place, cut, fill_window, find_place

# With so many steps, the last one has so little noise that it changes nothing.
LEAST_NOISE_STEPS = 50


class VariationsRenderer:
    """Renders waves of one size, strength, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, upscaler: Upscaler, cutter: MotifCutter, sources: SourcePictures) -> None:
        self._diffusion = diffusion
        self._upscaler = upscaler
        self._cutter = cutter
        self._sources = sources

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings of the order."""
        return self._settings(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return drawings in the sizes of their sources, with alpha if the source has it. Raises ModelUnavailable or
        SourceMissing.
        """
        settings = self._settings(wave[0])
        places = [find_place(self._sources.load(order), settings.size) for order in wave]
        starts = [fill_window(self._sources.load(order), place) for order, place in zip(wave, places, strict=True)]
        sketches = [replace(build_sketch(order), start=start) for order, start in zip(wave, starts, strict=True)]
        pictures = self._diffusion.draw(sketches, settings, on_step)
        unchanged = self._draw_unchanged(sketches, settings, on_step)
        drawings = []
        for order, place, start, same, pixels in zip(wave, places, starts, unchanged, pictures, strict=True):
            drawn = None if pixels is None else cut(pixels, place.inner)
            drawing = make_drawing(drawn, order.seed, cut(start, place.inner))
            drawings.append(self._put_in_place(drawing, order, place, cut(same, place.inner), on_step))
        return drawings

    def _draw_unchanged(self, sketches: Sequence[Sketch], settings: DrawingSettings, on_step: OnStep) -> list[Pixels]:
        """Return what the drawings are compared with: their starts, or those as the model draws them unchanged.

        A drawing of low strength loses more detail in the autoencoder than by its steps. Compared with a drawing that
        lost the same, it shows what the steps changed.
        """
        starts = [sketch.start for sketch in sketches if sketch.start is not None]
        if (settings.strength or 1) > LOW_STRENGTH:
            return starts
        least = replace(settings, steps=LEAST_NOISE_STEPS, strength=1 / LEAST_NOISE_STEPS)
        drawn = self._diffusion.draw(sketches, least, lambda _: on_step(1.0))
        return [start if same is None else same for start, same in zip(starts, drawn, strict=True)]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the drawing unchanged."""
        return finish_unchanged(drawing)

    def _settings(self, order: ImageOrder) -> DrawingSettings:
        # Waves are put together before the pictures are loaded, so the size depends only on the source's size.
        model, source = self._diffusion.model, self._sources.describe(order)
        settings = build_settings(order, model, strength=order.request["strength"])
        return replace(settings, size=choose_size(source.width / source.height, model.sizes))

    def _put_in_place(
        self, drawing: Drawing, order: ImageOrder, place: Place, unchanged: Pixels, on_step: OnStep
    ) -> Drawing:
        """Return the source with a drawing of its part. `unchanged` is the part in the drawing's size."""
        if drawing.undeliverable:
            return drawing
        source = self._sources.load(order)
        kept = find_kept(drawing.pixels, unchanged, order.request["strength"])
        own = cut(source, place.part)
        size = own.shape[1], own.shape[0]
        if source.shape[2] == 4 or place.ground is not None:
            large = self._cut_out(drawing, own, on_step)
        else:
            large = enlarge_drawing(drawing, size, self._upscaler, on_step)
        pixels = large.pixels if place.ground is None else lay_over(large.pixels, place.ground)
        return replace(large, pixels=put_back(source, pixels, place.part, kept))

    def _cut_out(self, drawing: Drawing, own: Pixels, on_step: OnStep) -> Drawing:
        """Return the object of a drawing, cut out, in the size of the source's own part (height, width, 3 or 4).

        A source that is almost completely solid keeps its own shape, and so does one of whose drawing nothing can be
        cut out.
        """
        size = own.shape[1], own.shape[0]
        shape = own[..., 3] if own.shape[2] == 4 else np.full(own.shape[:2], 255, np.uint8)
        if own.shape[2] == 3 or (shape >= 128).mean() <= MAX_COVERAGE:
            motif = self._cutter.cut_out(replace(drawing, flaw=None))
            on_step(1.0)
            drawing = replace(drawing, networks={**motif.networks, **self._upscaler.identity})
            if not motif.undeliverable:
                # The maker's own picture can have many pieces, or meet its edges. That is no flaw.
                return replace(drawing, pixels=resample(enlarge_motif(motif.pixels, max(size), self._upscaler), size))
        large = enlarge_drawing(drawing, size, self._upscaler, on_step)
        colours = spread_colours(np.dstack([large.pixels, shape]))
        return replace(large, pixels=np.dstack([colours, shape]))
