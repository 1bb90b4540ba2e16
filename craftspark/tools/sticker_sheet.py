"""Sticker sheet: several pictures on one page, to be printed and then cut along one outline each."""

from collections.abc import Iterator, Mapping, Sequence
from math import floor
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from craftspark.errors import InvalidInput
from craftspark.models.model import Model
from craftspark.models.prices import credits_for_work
from craftspark.models.work import Load, megapixels, upscaler_megapixels
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.lineage import MAX_SOURCES
from craftspark.tools.papers import PAPERS, PaperName, describe_papers
from craftspark.tools.print_marks import MAX_BLEED_MM, Marks, paper_margin_mm
from craftspark.tools.prints import print_pixels
from craftspark.tools.request import SOURCE, JobRequest, SourceReference
from craftspark.tools.sources import Source

MAX_STICKERS = 400  # on one sheet
# What packing in whole millimetres and a page of whole pixels can take from the room, at most.
LOST_MM = 1.4
PAGES_WRITTEN = 3  # the page is painted, and written as a PNG and as a PDF


class Sticker(BaseModel):
    """One picture of a sheet, and how often it is on it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    source: SourceReference = Field(
        description=f"{SOURCE} It must have a transparent background; the tool `cutout` removes another one."
    )
    width_mm: float = Field(
        50.0,
        ge=10,
        le=300,
        description="Width of the object in the source, in millimetres, before the sticker is turned. The border is "
        "outside it.",
    )
    copies: int = Field(1, ge=1, le=100, description="Number of these stickers on the sheet, before it is filled.")


class StickerSheetRequest(JobRequest):
    """A request for a page of stickers, with one cut file for all of them.

    The print (PNG and PDF) and the cut files (SVG, DXF, PDF and EPS) have the size of the paper, so they register.
    """

    work_fields: ClassVar[tuple[str, ...]] = ("stickers", "paper")

    stickers: Annotated[tuple[Sticker, ...], Field(min_length=1, max_length=MAX_SOURCES)] = Field(
        description="The pictures of the sheet. The same source can occur several times, such as in two widths."
    )
    paper: PaperName = Field(
        "a4", description=f"Paper of the page, in portrait format. Width x height:\n\n{describe_papers()}"
    )
    outline_mm: float = Field(
        2.0,
        ge=0,
        le=20,
        description="Width of the white border around each object, in millimetres. The cut line is its outer edge: one "
        "closed line around all parts of the object. 0 cuts along the object itself.",
    )
    gap_mm: float = Field(
        3.0, ge=0, le=50, description="Least distance between the cut lines of two stickers, in millimetres."
    )
    fill: bool = Field(
        False, description="Whether the stickers repeat in turn until the page has no room for another one."
    )
    rotate: bool = Field(True, description="Whether stickers can be turned by 90 degrees to save room.")
    bleed_mm: float = Field(
        0.0,
        ge=0,
        le=MAX_BLEED_MM,
        description="How far the print of each sticker continues outside its cut line, in millimetres: in white around "
        "a border, else in the colours of its edge. Half of `gap_mm` at most.",
    )
    marks: Marks = Field(
        "none",
        description="Marks in the margin of the page. `crop`: lines that show where to trim the sheet. `registration`: "
        "marks for print-then-cut machines that read a filled square of 5 mm and two L-shapes of 20 mm with lines of "
        "0.3 mm; the margin is 25 mm then. Without marks, it is 5 mm. The bleed is in addition to it.",
    )
    count: int = Field(1, ge=1, le=1, description="Number of images. A sticker sheet is one.")

    @property
    def wanted_sources(self) -> Mapping[str, str]:
        return {f"stickers.{number}.source": sticker.source for number, sticker in enumerate(self.stickers)}

    @classmethod
    def add_sources(cls, fields: Mapping[str, Any], references: Sequence[str]) -> dict[str, Any]:
        stickers = fields.get("stickers")
        if not isinstance(stickers, list | tuple) or not all(isinstance(sticker, dict) for sticker in stickers):
            return dict(fields)  # an invalid request, which is refused with its field
        named = [{**sticker, "source": reference} for sticker, reference in zip(stickers, references, strict=False)]
        return {**fields, "stickers": [*named, *stickers[len(named) :]]}

    @staticmethod
    def remove_sources(fields: Mapping[str, Any]) -> dict[str, Any]:
        stickers = [
            {name: value for name, value in sticker.items() if name != "source"} for sticker in fields["stickers"]
        ]
        return {**fields, "stickers": stickers}

    @property
    def room_mm(self) -> tuple[int, int]:
        """The width and the height in which every sticker fits at all: the paper without its margins."""
        paper, outside = PAPERS[self.paper], 2 * paper_margin_mm(self.bleed_mm, self.marks) + LOST_MM
        return floor(paper.width_mm - outside), floor(paper.height_mm - outside)

    @property
    def room(self) -> str:
        """The area for stickers in words."""
        return " x ".join(map(str, self.room_mm)) + " mm"

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        yield from super().contradictions(model)
        if 2 * self.bleed_mm > self.gap_mm:
            yield Contradiction(
                f"the bleeds of two stickers, {self.bleed_mm:g} mm each, overlap in a gap of {self.gap_mm:g} mm; "
                f"increase gap_mm to {2 * self.bleed_mm:g} or reduce bleed_mm",
                ("bleed_mm", "gap_mm"),
            )
        yield from self._contradictions_of_widths()
        yield from self._contradictions_of_copies([0.0] * len(self.stickers))

    def _contradictions_of_widths(self) -> Iterator[Contradiction]:
        width, height = self.room_mm
        widest = max(width, height) if self.rotate else width
        for number, sticker in enumerate(self.stickers):
            if sticker.width_mm + 2 * self.outline_mm <= widest:
                continue
            least = widest - 2 * self.outline_mm
            fix = f"set width_mm to at most {least:g}" if least >= 10 else "reduce outline_mm"
            yield Contradiction(
                f"sticker {number + 1} is {sticker.width_mm + 2 * self.outline_mm:g} mm wide with its border, and "
                f"{self.paper} has room for {self.room}; {fix} or use a larger paper",
                (f"stickers.{number}.width_mm", "outline_mm", "paper"),
            )

    def _contradictions_of_heights(self, heights_mm: Sequence[float]) -> Iterator[Contradiction]:
        room, border = self.room_mm, 2 * self.outline_mm
        for number, (sticker, height_mm) in enumerate(zip(self.stickers, heights_mm, strict=True)):
            size = sticker.width_mm + border, height_mm + border
            ways = (size, size[::-1]) if self.rotate else (size,)
            if not any(way[0] <= room[0] and way[1] <= room[1] for way in ways):
                yield Contradiction(
                    f"sticker {number + 1} is at least {size[0]:.0f} x {size[1]:.0f} mm with its border, and "
                    f"{self.paper} has room for {self.room}; reduce width_mm or outline_mm, or use a larger paper",
                    (f"stickers.{number}.width_mm", "outline_mm", "paper"),
                )

    def _contradictions_of_copies(self, heights_mm: Sequence[float]) -> Iterator[Contradiction]:
        """Copies that no sheet has room for, with the least height of each object without its border."""
        wanted = sum(sticker.copies for sticker in self.stickers)
        fields = tuple(f"stickers.{number}.copies" for number in range(len(self.stickers)))
        if wanted > MAX_STICKERS:
            yield Contradiction(
                f"{wanted} stickers are more than a sheet can have, {MAX_STICKERS}; reduce copies", fields
            )
            return
        border, gap = 2 * self.outline_mm, self.gap_mm
        width, height = self.room_mm
        area = sum(
            sticker.copies * (sticker.width_mm + border + gap) * (height_mm + border + gap)
            for sticker, height_mm in zip(self.stickers, heights_mm, strict=True)
        )
        room = (width + gap) * (height + gap)
        if area > room:
            yield Contradiction(
                f"{wanted} stickers with their borders and gaps do not fit on {self.paper}, which has room for "
                f"{self.room}: at most {int(wanted * room / area)} do; reduce copies, outline_mm or gap_mm, or use a "
                "larger paper",
                (*fields, "outline_mm", "gap_mm", "paper"),
            )

    def for_sources(self, sources: Sequence[Source]) -> Self:
        solid = [field for field, source in zip(self.wanted_sources, sources, strict=True) if not source.alpha]
        if solid:
            detail = (
                "the source has no transparency, and a sticker is a cut-out object; remove its background with the tool"
                " cutout and use the result"
            )
            raise InvalidInput(
                "; ".join(f"{field}: {detail}" for field in solid),
                field=solid[0],
                errors=[{"field": field, "detail": detail} for field in solid],
            )
        heights_mm = [
            sticker.width_mm * (source.object_aspect or 0)
            for sticker, source in zip(self.stickers, sources, strict=True)
        ]
        refuse(self._contradictions_of_heights(heights_mm))
        refuse(self._contradictions_of_copies(heights_mm))
        return self

    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        return credits_for_work(model, self.load(model, sources, 1)) if sources else 1

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        paper = PAPERS[self.paper]
        page = megapixels(print_pixels(paper.width_mm), print_pixels(paper.height_mm))
        enlarged = sum(
            upscaler_megapixels(source.width, source.height, model.upscaler.reach)
            for sticker, source in zip(self.stickers, sources, strict=False)
            if source.width < print_pixels(sticker.width_mm)
        )
        return Load(
            images=images,
            enlarged=images * enlarged,
            cuts=images * len(self.stickers),  # an outline takes about as long as a small cut-out
            written=images * PAGES_WRITTEN * page,
        )
