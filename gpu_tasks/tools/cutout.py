"""Cutout: the object of a source without its background, with files for cutting machines if a width is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from craftspark.errors import ImageFlawed
from craftspark.models.work import ENLARGED
from craftspark.tools.cut_files import MIN_PIECE_PIXELS
from craftspark.tools.cutout import ENLARGED_SIDE
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, Png
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.delivery import finish_motif, prepare_motif
from gpu_tasks.tools.cutting.motifs import MotifCutter
from gpu_tasks.tools.cutting.transfer import transfer_cut
from gpu_tasks.tools.one_by_one import OneByOneRenderer


class CutoutRenderer(OneByOneRenderer):
    """Renders one order after the other, because one picture can be as large as a wave of drawings."""

    def __init__(self, cutter: MotifCutter, upscaler: Upscaler, sources: SourcePictures) -> None:
        super().__init__(upscaler, sources)
        self._cutter = cutter

    def _draw(self, order: ImageOrder, on_step: OnStep) -> Drawing:
        """Return a cut-out (height, width, 4), prepared for printing if it has a width."""
        drawing = self._cut_out(order)
        if drawing.flaw:
            raise ImageFlawed(drawing.flaw.reason)
        return drawing

    def _cut_out(self, order: ImageOrder) -> Drawing:
        picture = self._sources.load(order)
        own_size = order.request["width_mm"] is None
        holes = order.request["holes"] == "cut"
        drawing = self._cutter.cut_out_source(picture, order.seed, ENLARGED_SIDE, holes=holes)
        if drawing.flaw:
            return drawing
        if own_size or max(picture.shape) > max(drawing.pixels.shape):
            drawing = replace(drawing, pixels=transfer_cut(picture, drawing.pixels))
        if own_size:
            return drawing
        check_object(picture, drawing.pixels, order)
        return prepare_motif(drawing, order, self._upscaler)

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the cut-out at the source's size, or the motif with its files at the width."""
        if order.request["width_mm"] is None:
            return FinishedImage(picture=Png(pixels=drawing.pixels), scores=drawing.scores)
        return finish_motif(order, drawing)


def check_object(picture: Pixels, motif: Pixels, order: ImageOrder) -> None:
    """Raise ImageFlawed if the object of a picture has too few pixels for the smallest piece.

    Submission has checked the picture's own width, but the object can be a small part of it.
    """
    columns = np.flatnonzero((motif[..., 3] >= 128).any(0))
    pixels = (columns[-1] + 1 - columns[0]) * picture.shape[1] / motif.shape[1]
    smallest_mm, width_mm = order.request["smallest_mm"], order.request["width_mm"]
    if smallest_mm / width_mm * pixels * ENLARGED < MIN_PIECE_PIXELS:
        raise ImageFlawed(
            f"the object in the source is {pixels:.0f} pixels wide, too few to cut pieces of {smallest_mm:g} mm at "
            f"{width_mm:g} mm; increase smallest_mm, reduce width_mm or use a larger source"
        )
