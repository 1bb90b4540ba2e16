"""The sheet of a pattern: its lengths, and the resolution at which they are printed."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from craftspark.errors import InvalidInput
from craftspark.tools.contradictions import Contradiction
from craftspark.tools.print_marks import MAX_BLEED_MM, Marks, margin_mm
from craftspark.tools.toss import Repeat

CM_PER_INCH = 2.54
MAX_CM = 150.0  # the width of fabric
MAX_REPEAT_CM = 42.0  # A3
MIN_CM = 1.0
DPI, LARGE_DPI = 300, 150
MM_PER_CM = 10.0
MAX_FINE_CM = 42.0  # a longer sheet is printed at LARGE_DPI, and has at most 79 megapixels
TOLERANCE_CM = 0.005  # less than a dot
ONE_DIRECTION: dict[str, Repeat] = {"height": "x", "width": "y"}  # the direction in which a sheet has one tile


class Sheet(BaseModel):
    """A print-ready sheet. Width and height are 1 to 150 cm, and one repeat is 1 to 42 cm.

    The resolution is 300 dpi, or 150 dpi if the sheet is wider or higher than 42 cm. The file states it. A bleed and
    marks are outside the width and the height. With one of them, the image also has the file `sheet.pdf`, whose trim
    and bleed boxes print shops read.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    width: float | None = Field(
        None,
        gt=0,
        description="Width of the sheet. Default: 10, or the width of one repeat if that is larger. With `repeat` `y`, "
        "the width of one repeat.",
    )
    height: float | None = Field(
        None,
        gt=0,
        description="Height of the sheet. Default: 10, or the height of one repeat if that is larger. With `repeat` "
        "`x`, the height of one repeat.",
    )
    repeat: float | None = Field(
        None,
        gt=0,
        description="Width of one repeat of the pattern. Default: 5, or the shorter side of the sheet if that is "
        "smaller. With `repeat` `mirror`, one repeat is a picture and its mirror image together.",
    )
    unit: Literal["cm", "inch"] = Field("cm", description="Unit of width, height and repeat.")
    bleed_mm: float = Field(
        0.0,
        ge=0,
        le=MAX_BLEED_MM,
        description="Width of the bleed on each side, in millimetres. The pattern continues in it. Print shops usually "
        "ask for 3.",
    )
    marks: Marks = Field(
        "none",
        description="Marks outside the bleed. `crop`: lines of 5 mm that show a print shop where to cut, at least 3 mm "
        "outside the trim. `registration`: marks for print-then-cut machines that read a filled square of 5 mm and two "
        "L-shapes of 20 mm with lines of 0.3 mm, in a margin of 25 mm.",
    )

    def cm(self, name: Literal["width", "height", "repeat"]) -> float:
        """A length in centimetres of a sheet that `with_defaults` returned."""
        return float(getattr(self, name)) * (CM_PER_INCH if self.unit == "inch" else 1)

    @property
    def dpi(self) -> int:
        """The resolution of a sheet that `with_defaults` returned, in pixels per inch."""
        return DPI if max(self.cm("width"), self.cm("height")) <= MAX_FINE_CM + TOLERANCE_CM else LARGE_DPI

    @property
    def has_margins(self) -> bool:
        """Whether the page is larger than the sheet."""
        return margin_mm(self.bleed_mm, self.marks) > 0

    def page_cm(self, name: Literal["width", "height"]) -> float:
        """The width or height of the page, in centimetres, with the bleed and the room for marks."""
        return self.cm(name) + 2 * margin_mm(self.bleed_mm, self.marks) / MM_PER_CM

    def with_defaults(self, repeat: Repeat, aspect: float) -> Self:
        """The sheet with every length, for tiles of this aspect, height over width.

        A pattern that repeats in one direction is one tile high (`x`) or wide (`y`).
        """
        repeat_width = self.repeat or min([5.0, *(side for side in (self.width, self.height) if side)])
        width = self.width or max(10.0, repeat_width)
        height = self.height or max(10.0, repeat_width * aspect)
        if repeat == "x" and not self.height:
            height = repeat_width * aspect
        if repeat == "y" and not self.width:
            width = repeat_width
        return self.model_copy(update={"width": width, "height": height, "repeat": repeat_width})

    def check(self) -> None:
        """Raise InvalidInput for a sheet from `with_defaults` with a length outside its range."""
        for name in ("width", "height", "repeat"):
            length, longest = self.cm(name), MAX_REPEAT_CM if name == "repeat" else MAX_CM
            if not MIN_CM <= length <= longest + TOLERANCE_CM:
                raise InvalidInput(
                    f"{length:g} cm is outside the range of {MIN_CM:g} to {longest:g} cm", field=f"sheet.{name}"
                )

    def contradictions(self, repeat: Repeat, aspect: float) -> Iterator[Contradiction]:
        """Contradictions between the lengths of a sheet from `with_defaults`, for tiles of this aspect."""
        yield from self._contradictions_of_margins(repeat)
        tile = {"width": self.cm("repeat"), "height": self.cm("repeat") * aspect}
        for name in ("width", "height"):
            side, one = self.cm(name), tile[name]
            if side < one - TOLERANCE_CM:
                yield Contradiction(
                    f"the {name} of one repeat is {one:g} cm, more than that of the sheet, {side:g} cm; reduce "
                    f"sheet.repeat or increase sheet.{name}",
                    ("sheet.repeat", f"sheet.{name}"),
                )
            if repeat == ONE_DIRECTION.get(name) and side > one + TOLERANCE_CM:
                yield Contradiction(
                    f"with repeat `{repeat}` the {name} of the sheet is that of one tile, {one:g} cm; remove "
                    f"sheet.{name} or choose another repeat",
                    (f"sheet.{name}", "repeat"),
                )

    def _contradictions_of_margins(self, repeat: Repeat) -> Iterator[Contradiction]:
        if self.bleed_mm and repeat in ONE_DIRECTION.values():
            yield Contradiction(
                f"with repeat `{repeat}` the sheet has one tile in one direction, so nothing continues in a bleed; "
                "remove sheet.bleed_mm or choose another repeat",
                ("sheet.bleed_mm", "repeat"),
            )
        wider = [name for name in ("width", "height") if self.page_cm(name) > MAX_CM + TOLERANCE_CM]
        if self.has_margins and wider:
            margins = [name for name, set_ in (("bleed_mm", self.bleed_mm), ("marks", self.marks != "none")) if set_]
            outside = 2 * margin_mm(self.bleed_mm, self.marks) / MM_PER_CM
            yield Contradiction(
                f"the bleed and the marks take {outside:g} cm of the {MAX_CM:g} cm that a page can have, so they leave "
                f"no room for a sheet of that size; reduce sheet.{wider[0]} to {MAX_CM - outside:g} cm or remove "
                f"sheet.{margins[-1]}",
                (*(f"sheet.{name}" for name in wider), *(f"sheet.{name}" for name in margins)),
            )
