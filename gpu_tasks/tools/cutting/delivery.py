"""What makers get of a motif: the picture at print size, the cut files, and the sticker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Dxf, Eps, File, FinishedImage, Pdf, Png, Svg
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.page import Page
from gpu_tasks.images.vectors.svg import write_svg
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.canvas import paint_motif
from gpu_tasks.tools.cutting.cut_file import CutFile
from gpu_tasks.tools.cutting.matte import trim
from gpu_tasks.tools.cutting.planning import PLAN_PIXELS, add_cut_plan, finish_cut, read_cut_options
from gpu_tasks.tools.cutting.printing import enlarge_motif, paint_sticker, print_side


def prepare_motif(drawing: Drawing, order: ImageOrder, upscaler: Upscaler) -> Drawing:
    """Return a cut-out (height, width, 4) trimmed, enlarged for printing and with its cut plan, or with a fatal flaw if
    no machine can cut it.
    """
    if drawing.undeliverable:
        return drawing
    motif = trim(drawing.pixels, 0)
    # A plan of so few pixels would be refined no further, so a small motif is enlarged first, which takes little time.
    if max(motif.shape) <= PLAN_PIXELS:
        drawing = _enlarge(drawing, order, upscaler)
    planned = add_cut_plan(drawing, order)
    return planned if planned.undeliverable else _enlarge(planned, order, upscaler)


def _enlarge(drawing: Drawing, order: ImageOrder, upscaler: Upscaler) -> Drawing:
    motif = trim(drawing.pixels, 0)
    enlarged = enlarge_motif(motif, print_side(motif, order.request["width_mm"]), upscaler)
    networks = drawing.networks if enlarged is motif else {**drawing.networks, **upscaler.identity}
    return replace(drawing, pixels=enlarged, networks=networks)


def finish_motif(order: ImageOrder, drawing: Drawing) -> FinishedImage:
    """Return a prepared motif on its canvas, its cut files, and its sticker if it has a border."""
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
    yield from make_cut_files(page).items()
    if cut.border:
        sticker = paint_sticker(picture, cut.page, cut.border)
        yield "sticker.png", Png(pixels=sticker[:, ::-1] if mirror else sticker, dpi=cut.canvas.dpi)


def make_cut_files(page: Page) -> dict[str, File]:
    """Return the files of a page of paths for cutting machines, by name."""
    return {
        "cut.svg": Svg(text=write_svg(page)),
        "cut.dxf": Dxf(page=page),
        "cut.pdf": Pdf(page=page),
        "cut.eps": Eps(page=page),
    }
