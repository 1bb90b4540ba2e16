"""Sticker sheet: outlines are traced and packed, and a page is painted with one cut file for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from craftspark.errors import ImageFlawed
from craftspark.tools.sticker_sheet import StickerSheetRequest
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, Png, PrintPdf
from gpu_tasks.images.pixels import flatten_on_white
from gpu_tasks.images.print_marks import draw_marks
from gpu_tasks.tools.cutting.delivery import make_cut_files
from gpu_tasks.tools.cutting.printing import enlarge_motif, print_side
from gpu_tasks.tools.one_by_one import OneByOneRenderer
from gpu_tasks.tools.sticker_sheet.outlines import Outline, extract_object, outline_object
from gpu_tasks.tools.sticker_sheet.packing import Packing, Room, pack
from gpu_tasks.tools.sticker_sheet.page import (
    DPI,
    Layout,
    Sheet,
    Sticker,
    draw_cut_lines,
    paint_page,
)


class StickerSheetRenderer(OneByOneRenderer):
    """Renders one order after the other, because one page can be as large as a wave of drawings."""

    def _draw(self, order: ImageOrder, on_step: OnStep) -> Drawing:
        """Return a drawing with its packed stickers as parts."""
        request = build_request(order)
        # The pictures are loaded twice, so that no more of them than one page shows are ever in memory.
        outlines = []
        for number in range(len(request.stickers)):
            outlines.append(self._outline(order, request, number))
            on_step((number + 1) / (2 * len(request.stickers)))
        packing = pack_sheet(request, outlines)
        stickers = []
        networks: dict[str, str] = {}
        for number, (sticker, outline) in enumerate(zip(request.stickers, outlines, strict=True)):
            motif = extract_object(self._sources.load(order, number), sticker.width_mm)
            enlarged = enlarge_motif(motif, print_side(motif, sticker.width_mm), self._upscaler)
            if enlarged is not motif:
                networks.update(self._upscaler.identity)
            stickers.append(Sticker(motif=enlarged, outline=outline))
            on_step(0.5 + (number + 1) / (2 * len(request.stickers)))
        return Drawing(
            pixels=stickers[0].motif,
            seed=order.seed,
            scores={"stickers": len(packing.places)},
            networks=networks,
            parts=Sheet(stickers=stickers, packing=packing),
        )

    def _outline(self, order: ImageOrder, request: StickerSheetRequest, number: int) -> Outline:
        width_mm = request.stickers[number].width_mm
        try:
            motif = extract_object(self._sources.load(order, number), width_mm)
            return outline_object(motif, width_mm, request.outline_mm)
        except ImageFlawed as error:
            raise ImageFlawed(f"the source of sticker {number + 1} cannot be used: {error.detail}") from None

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the page, the same as a PDF on white, and the cut files of the page."""
        request, sheet = build_request(order), drawing.parts
        layout = Layout.of(request)
        page = paint_page(sheet, layout, white_border=request.outline_mm > 0, bleed_mm=request.bleed_mm)
        draw_marks(page, layout.margins, request.marks, DPI)
        cut = draw_cut_lines(sheet, layout)
        return FinishedImage(
            picture=Png(pixels=page, dpi=DPI),
            files={
                "sheet.pdf": PrintPdf(pixels=flatten_on_white(page), dpi=DPI, margins=layout.margins),
                **make_cut_files(cut),
            },
            scores={**drawing.scores, "cut_nodes": cut.nodes},
        )


def build_request(order: ImageOrder) -> StickerSheetRequest:
    """Return the order's request."""
    return StickerSheetRequest.model_validate(order.request, strict=False)


def pack_sheet(request: StickerSheetRequest, outlines: Sequence[Outline]) -> Packing:
    """Return the places of a request's stickers. Raises ImageFlawed, which says how many fit, if not all of them do."""
    room = Room(size_mm=Layout.of(request).room_mm, gap_mm=request.gap_mm)
    sizes = [outline.size_mm for outline in outlines]
    for number, (width, height) in enumerate(sizes):
        cell = room.cell((width, height))
        if not room.holds(cell) and not (request.rotate and room.holds(cell[::-1])):
            raise ImageFlawed(
                f"sticker {number + 1} is {width:.0f} x {height:.0f} mm with its border, and {request.paper} has room "
                f"for {request.room}; reduce stickers.{number}.width_mm or use a larger paper"
            )
    copies = [sticker.copies for sticker in request.stickers]
    packing = pack(sizes, copies, room, fill=request.fill, rotate=request.rotate)
    if not packing.complete:
        raise ImageFlawed(
            f"only {len(packing.places)} of {packing.wanted} stickers fit on {request.paper}, which has room for "
            f"{request.room}; reduce copies, width_mm, outline_mm or gap_mm, or use a larger paper"
        )
    return packing
