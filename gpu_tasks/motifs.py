"""Motifs: drawings on white, enlarged and cut out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gpu_tasks.cutting.matte import cut_out, inspect
from gpu_tasks.drawn import Drawn, Flaw
from gpu_tasks.upscaler import Upscaler

FACTOR = 4
LONGEST = 2048  # pixels of a motif's longer side that are worth having

NOTHING = Flaw(reason="nothing stands out from the background", bad=np.inf, fatal=True)


def motif_of(drawn: Drawn, upscaler: Upscaler) -> Drawn:
    """The thing (height, width, 4) that a drawing on white (height, width, 3) shows; one with a flaw stays as it is."""
    if drawn.flaw:
        return drawn
    longest = max(drawn.pixels.shape)
    factor = next((factor for factor in (FACTOR, 2) if longest * factor <= LONGEST), 1)
    motif = cut_out(upscaler.upscale(drawn.pixels, factor) if factor > 1 else drawn.pixels)
    edges = inspect(motif)
    if not edges.coverage:
        return replace(drawn, flaw=NOTHING)
    return replace(drawn, pixels=motif, flaw=edges.flaw)
