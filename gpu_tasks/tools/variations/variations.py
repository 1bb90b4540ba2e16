"""Variations: image to image, in exactly the size of the source."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from craftspark.tools.variations import choose_size
from gpu_tasks.images.drawing import Drawing, OnStep, make_drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.images.pixels import Pixels, resample
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings
from gpu_tasks.inference.enlarging import enlarge_drawing
from gpu_tasks.inference.order_inputs import build_settings, build_sketch
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.motifs import MotifCutter
from gpu_tasks.tools.cutting.printing import enlarge_motif, spread_colours
from gpu_tasks.tools.variations.keeping import find_kept, lay_over, put_back
from gpu_tasks.tools.variations.placing import Place, cut, fill_window, find_place


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
        drawings = []
        for order, place, start, pixels in zip(wave, places, starts, pictures, strict=True):
            begun = cut(start, place.inner)
            drawing = make_drawing(None if pixels is None else cut(pixels, place.inner), order.seed, begun)
            drawings.append(self._put_in_place(drawing, order, place, begun, on_step))
        return drawings

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the drawing unchanged."""
        return finish_unchanged(drawing)

    def _settings(self, order: ImageOrder) -> DrawingSettings:
        # Waves are put together before the pictures are loaded, so the size depends on the source's size alone.
        model, source = self._diffusion.model, self._sources.describe(order)
        settings = build_settings(order, model, strength=order.request["strength"])
        return replace(settings, size=choose_size(source.width / source.height, model.sizes))

    def _put_in_place(
        self, drawing: Drawing, order: ImageOrder, place: Place, begun: Pixels, on_step: OnStep
    ) -> Drawing:
        """Return the source with a drawing of its part, which began with `begun`, in the same size as the drawing."""
        if drawing.flaw and drawing.flaw.fatal:
            return drawing
        source = self._sources.load(order)
        kept = find_kept(drawing.pixels, begun, order.request["strength"])
        own = cut(source, place.part)
        size = own.shape[1], own.shape[0]
        if source.shape[2] == 4 or place.ground is not None:
            large = self._cut_out(drawing, own, on_step)
        else:
            large = enlarge_drawing(drawing, size, self._upscaler, on_step)
        pixels = large.pixels if place.ground is None else lay_over(large.pixels, place.ground)
        return replace(large, pixels=put_back(source, pixels, place.part, kept))

    def _cut_out(self, drawing: Drawing, own: Pixels, on_step: OnStep) -> Drawing:
        """Return the object of a drawing on white, cut out, in the size of the source's own part (height, width, 4).

        If nothing stands out from the white, as in a drawing of a white logo, it has the source's own shape.
        """
        size = own.shape[1], own.shape[0]
        motif = self._cutter.cut_out(replace(drawing, flaw=None))
        on_step(1.0)
        networks = {**motif.networks, **self._upscaler.identity}
        if motif.flaw and motif.flaw.fatal:
            large = enlarge_drawing(drawing, size, self._upscaler, on_step)
            alpha = own[..., 3] if own.shape[2] == 4 else np.full(own.shape[:2], 255, np.uint8)
            pixels = np.dstack([spread_colours(np.dstack([large.pixels, alpha])), alpha])
        else:
            # The maker's own picture can have many pieces, or meet its edges. That is no flaw.
            pixels = resample(enlarge_motif(motif.pixels, max(size), self._upscaler), size)
        return replace(drawing, pixels=pixels, networks=networks)
