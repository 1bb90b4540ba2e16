"""Plans of cut files: whether a motif can be cut as asked, found out on a small copy before it is enlarged."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

from craftspark.errors import ImageFlawed
from craftspark.tools.cut_files import MIN_PIECE_PIXELS
from gpu_tasks.images.drawing import Drawing, Flaw
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels, average
from gpu_tasks.tools.cutting.cut_file import CutFile, CutOptions, make_cut_file
from gpu_tasks.tools.cutting.matte import trim

PLAN_PIXELS = 256  # longer side of a small copy


@dataclass(frozen=True, kw_only=True)
class CutPlan:
    """A cut file that fits its options. `final` is true if it is of the motif itself, not from a small copy. `width` is
    that of the motif or its copy, in pixels.
    """

    cut: CutFile
    final: bool
    width: int

    def for_motif(self, motif: Pixels) -> CutFile:
        """Return the cut file on the canvas of another copy of the motif (height, width, 4)."""
        scale = self.width / motif.shape[1]
        canvas = self.cut.canvas
        return replace(self.cut, canvas=replace(canvas, mm_per_pixel=canvas.mm_per_pixel * scale))


def add_cut_plan(drawing: Drawing, order: ImageOrder) -> Drawing:
    """Add a cut plan to a cut-out, or a fatal flaw if no machine can cut it."""
    motif, options = trim(drawing.pixels, 0), read_cut_options(order)
    try:
        return replace(drawing, parts=plan_cut(motif, options))
    except ImageFlawed as error:
        return replace(drawing, flaw=Flaw(reason=error.detail, severity=inf, fatal=True))


def plan_cut(motif: Pixels, options: CutOptions) -> CutPlan:
    """Make a cut file of a small copy of the motif (height, width, 4), which takes a fraction of a drawing's time.

    If the small copy has no cut file or is too small, trace the motif itself, which takes as long as a drawing. Raises
    ImageFlawed if nothing is left to cut, or if the file needs more nodes than the options allow.
    """
    small = average(motif, PLAN_PIXELS)
    if small is not motif and options.smallest_mm * small.shape[1] >= MIN_PIECE_PIXELS * options.width_mm:
        with suppress(ImageFlawed):
            return CutPlan(cut=make_cut_file(small, options), final=False, width=small.shape[1])
    return CutPlan(cut=make_cut_file(motif, options), final=True, width=motif.shape[1])


def finish_cut(motif: Pixels, options: CutOptions, plan: CutPlan) -> CutFile:
    """Return the cut file of a motif (height, width, 4), or the plan's if it is final or the motif needs too many
    nodes.
    """
    if plan.final:
        return plan.for_motif(motif)
    try:
        return make_cut_file(motif, options)
    except ImageFlawed:
        return plan.for_motif(motif)


def read_cut_options(order: ImageOrder) -> CutOptions:
    """Return the cut options of an order."""
    request = order.request
    return CutOptions(
        width_mm=request["width_mm"],
        smallest_mm=request["smallest_mm"],
        colours=request["colours"] if request["cut"] == "colours" else 0,
        layering=request["layers"],
        outline_mm=request["outline_mm"],
        margin=request["margin"],
    )
