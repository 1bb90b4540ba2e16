"""Clipart: objects drawn on white, enlarged, cut out, trimmed and traced for a cutting machine."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from PIL import Image

from craftspark.errors import ImageFlawed
from gpu_tasks.images.drawing import Drawing, Flaw, OnStep, add_check
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Dxf, Eps, File, FinishedImage, Pdf, Png, Svg
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.svg import write_svg
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.order_inputs import build_settings, check_subjects, draw_prompts
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.canvas import PIXELS_PER_METRE, paint_motif
from gpu_tasks.tools.cutting.cut_file import CutFile, CutOptions, make_cut_file
from gpu_tasks.tools.cutting.matte import trim
from gpu_tasks.tools.cutting.motifs import MotifCutter
from gpu_tasks.tools.cutting.printing import enlarge_motif, paint_sticker

PLAN_PIXELS = 256  # longer side of a small copy
MIN_PIECE_PIXELS = 3  # side of the smallest piece in a small copy; with fewer pixels, the copy is not reliable


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


class ClipartRenderer:
    """Renders waves of one size, number of steps, guidance and style."""

    def __init__(self, diffusion: Diffusion, cutter: MotifCutter, upscaler: Upscaler) -> None:
        self._diffusion = diffusion
        self._cutter = cutter
        self._upscaler = upscaler

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the settings of the order."""
        return build_settings(order, self._diffusion.model)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return drawings with four channels, cut out, trimmed and enlarged for printing. Raises ModelUnavailable."""
        return [self._prepare(drawing, order) for drawing, order in zip(self.cut_out(wave, on_step), wave, strict=True)]

    def cut_out(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return drawings with four channels, cut out but not trimmed. Raises ModelUnavailable."""
        drawings = draw_prompts(self._diffusion, wave, on_step)
        return [
            add_check(self._cutter.cut_out(drawing), checked)
            for drawing, checked in zip(drawings, check_subjects(self._diffusion, drawings, wave), strict=True)
        ]

    def _prepare(self, drawing: Drawing, order: ImageOrder) -> Drawing:
        planned = add_cut_plan(drawing, order)
        if planned.flaw and planned.flaw.fatal:
            return planned
        motif = trim(planned.pixels, 0)
        height, width = motif.shape[:2]
        target = order.request["width_mm"] * PIXELS_PER_METRE / 1000 * max(1, height / width)
        return replace(planned, pixels=enlarge_motif(motif, target, self._upscaler))

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the motif on its canvas, its cut files, and its sticker if it has a border."""
        cut = finish_cut(drawing.pixels, read_cut_options(order), drawing.parts)
        picture = paint_motif(drawing.pixels, cut.canvas)
        return FinishedImage(
            picture=Png(pixels=picture, dpi=cut.canvas.dpi),
            files=dict(list_files(picture, cut, mirror=order.request["mirror"])),
            scores={**drawing.scores, "cut_iou": round(cut.iou, 4), "cut_nodes": cut.page.nodes},
        )


def list_files(picture: Pixels, cut: CutFile, *, mirror: bool) -> Iterator[tuple[str, File]]:
    """Yield the names and the files that belong to a picture (height, width, 4)."""
    page = cut.page.mirrored() if mirror else cut.page
    yield "cut.svg", Svg(text=write_svg(page))
    yield "cut.dxf", Dxf(page=page)
    yield "cut.pdf", Pdf(page=page)
    yield "cut.eps", Eps(page=page)
    if cut.border:
        sticker = paint_sticker(picture, cut.page, cut.border)
        yield "sticker.png", Png(pixels=sticker[:, ::-1] if mirror else sticker, dpi=cut.canvas.dpi)


def add_cut_plan(drawing: Drawing, order: ImageOrder) -> Drawing:
    """Add a cut plan to a cut-out, or a fatal flaw if no machine can cut it."""
    if drawing.flaw and drawing.flaw.fatal:
        return drawing
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
    small = shrink(motif)
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


def shrink(motif: Pixels) -> Pixels:
    """Scale the motif down to PLAN_PIXELS on its longer side. A smaller motif is returned unchanged."""
    height, width = motif.shape[:2]
    scale = PLAN_PIXELS / max(height, width)
    if scale >= 1:
        return motif
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(motif).resize(size, Image.Resampling.BOX))


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
