"""Motifs: drawings on white, enlarged and cut out."""

from __future__ import annotations

from dataclasses import replace

from gpu_tasks.activity import moved
from gpu_tasks.images.drawn import Drawn
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.matte import cut_out, inspect

FACTOR = 4
LONGEST = 2048  # pixels of a motif's longer side that are worth having


def motif_of(drawn: Drawn, upscaler: Upscaler) -> Drawn:
    """The thing (height, width, 4) that a drawing on white (height, width, 3) shows; one with a flaw stays as it is."""
    if drawn.flaw:
        return drawn
    longest = max(drawn.pixels.shape)
    factor = next((factor for factor in (FACTOR, 2) if longest * factor <= LONGEST), 1)
    motif = cut_out(upscaler.upscale(drawn.pixels, factor) if factor > 1 else drawn.pixels)
    moved()
    return replace(drawn, pixels=motif, flaw=inspect(motif).flaw)
