"""Line art: the lines of a source as a page to colour in, as a picture and as paths."""

from __future__ import annotations

from math import floor

import numpy as np

from craftspark.tools.lineart import ENLARGED_BELOW, enlarged_size
from craftspark.tools.prints import MAX_PRINT_SIDE
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, Pdf, Png, Svg
from gpu_tasks.images.vectors.page import MM_PER_INCH
from gpu_tasks.images.vectors.svg import write_svg
from gpu_tasks.inference.enlarging import enlarge_to
from gpu_tasks.tools.cutting.canvas import PIXELS_PER_METRE
from gpu_tasks.tools.cutting.printing import rasterise
from gpu_tasks.tools.lineart.drawing_lines import draw_lines
from gpu_tasks.tools.one_by_one import OneByOneRenderer


class LineartRenderer(OneByOneRenderer):
    """Renders one order after the other. Lines are found by the CPU, so `finish` does most of the work."""

    def _draw(self, order: ImageOrder, on_step: OnStep) -> Drawing:
        """Return the source, enlarged if it is small."""
        picture = self._sources.load(order)
        height, width = picture.shape[:2]
        if max(width, height) >= ENLARGED_BELOW:
            return Drawing(pixels=picture, seed=order.seed)
        large = enlarge_to(picture, enlarged_size(width, height), self._upscaler, on_step)
        return Drawing(pixels=large, seed=order.seed, networks=self._upscaler.identity)

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the lines in black on white at print size, and their paths. Raises ImageFlawed."""
        request = order.request
        page = draw_lines(
            drawing.pixels, width_mm=request["width_mm"], line_mm=request["line_mm"], detail=request["detail"]
        )
        pixels_per_metre = min(PIXELS_PER_METRE, floor(MAX_PRINT_SIDE * 1000 / max(page.width_mm, page.height_mm)))
        width, height = (max(1, round(side * pixels_per_metre / 1000)) for side in (page.width_mm, page.height_mm))
        shade = 255 - rasterise(page, width, height)
        return FinishedImage(
            picture=Png(pixels=np.repeat(shade[..., None], 3, axis=2), dpi=pixels_per_metre * MM_PER_INCH / 1000),
            files={"lines.svg": Svg(text=write_svg(page)), "lines.pdf": Pdf(page=page)},
            scores={"line_nodes": page.nodes},
        )
