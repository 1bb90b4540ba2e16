"""Motifs: drawings of an object, enlarged and cut out."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np

from craftspark.models.work import MAX_CUT_SIDE
from gpu_tasks.activity import record_activity
from gpu_tasks.images.drawing import Drawing, Flaw, choose_better
from gpu_tasks.images.pixels import Pixels, shrink
from gpu_tasks.inference.matting import MattingNetwork
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.masked import cut_out_by_mask
from gpu_tasks.tools.cutting.matte import (
    MAX_COVERAGE,
    MIN_COVERAGE,
    cut_out,
    has_clear_ground,
    has_plain_ground,
    inspect,
)

FACTOR = 4


class MotifCutter:
    """Cuts out the objects of drawings: by the colour of the ground, or else by the mask of a network."""

    def __init__(self, upscaler: Upscaler, matting: MattingNetwork) -> None:
        self._upscaler = upscaler
        self._matting = matting

    def cut_out(self, drawing: Drawing, enlarged_side: int = MAX_CUT_SIDE, *, holes: bool = False) -> Drawing:
        """Enlarge a drawing (height, width, 3) to at most `enlarged_side` pixels on its longer side, and cut out its
        object (height, width, 4).

        The network cuts only if the cut by the ground has a flaw and the ground is not plain, and its cut is kept only
        if its flaw is less severe. So a flaw of the drawing itself, such as too many pieces on white, remains a flaw. A
        flawed drawing is returned unchanged. `holes` is for the cut by the ground, as in `matte.cut_out`.
        """
        if drawing.flaw:
            return drawing
        longest = max(drawing.pixels.shape)
        factor = next((factor for factor in (FACTOR, 2) if longest * factor <= enlarged_side), 1)
        picture, networks = drawing.pixels, dict(drawing.networks)
        if factor > 1:
            picture = self._upscaler.upscale(picture, factor)
            networks |= self._upscaler.identity
        motif = cut_out(picture, holes=holes)
        record_activity()
        by_ground = replace(drawing, pixels=motif, flaw=inspect(motif).flaw, networks=networks)
        if not by_ground.flaw or has_plain_ground(drawing.pixels):
            return by_ground
        motif = cut_out_by_mask(picture, self._matting.find_object(drawing.pixels))
        record_activity()
        by_network = replace(drawing, pixels=motif, flaw=inspect(motif).flaw)
        # The network has worked on the picture even if its cut is not kept: another one could have cut it better.
        return replace(choose_better(by_ground, by_network), networks=networks | dict(self._matting.identity))

    def cut_out_source(
        self, picture: Pixels, seed: int, enlarged_side: int = MAX_CUT_SIDE, *, holes: bool = False
    ) -> Drawing:
        """Cut out the object of a maker's picture (height, width, 3 or 4), enlarged as by `cut_out`.

        A picture with a transparent background is used as it is. A flaw is fatal, because another drawing would not
        change it: nothing stands out from the background, or there is no background. Other flaws are the maker's own
        choice, such as many pieces.
        """
        small = shrink(picture, MAX_CUT_SIDE)
        if has_clear_ground(small):
            motif, largest = Drawing(pixels=small, seed=seed), 1.0
        else:
            drawing = Drawing(pixels=np.ascontiguousarray(small[..., :3]), seed=seed)
            motif, largest = self.cut_out(drawing, enlarged_side, holes=holes), MAX_COVERAGE
        edges = inspect(motif.pixels)
        if MIN_COVERAGE <= edges.coverage <= largest:
            return replace(motif, flaw=None)
        reason = edges.flaw.reason if edges.flaw else "almost nothing is visible"
        return replace(motif, flaw=Flaw(reason=f"in the source, {reason}", severity=inf, fatal=True))
