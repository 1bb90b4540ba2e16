"""Motifs: drawings on white, enlarged and cut out."""

from __future__ import annotations

from dataclasses import replace

from gpu_tasks.activity import record_activity
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.matte import cut_out, inspect

FACTOR = 4
MAX_SIDE = 2048  # maximum pixels of a motif's longer side


def cut_out_motif(drawing: Drawing, upscaler: Upscaler) -> Drawing:
    """Cut out the object (height, width, 4) of a drawing on white (height, width, 3). A flawed drawing is returned
    unchanged.
    """
    if drawing.flaw:
        return drawing
    longest = max(drawing.pixels.shape)
    factor = next((factor for factor in (FACTOR, 2) if longest * factor <= MAX_SIDE), 1)
    motif = cut_out(upscaler.upscale(drawing.pixels, factor) if factor > 1 else drawing.pixels)
    record_activity()
    return replace(drawing, pixels=motif, flaw=inspect(motif).flaw)
