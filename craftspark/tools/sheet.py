"""The sheet of a pattern: its lengths, and the resolution at which they are printed."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from craftspark.errors import InvalidInput
from craftspark.tools.contradictions import Contradiction
from craftspark.tools.toss import Repeat

CM_PER_INCH = 2.54
MAX_CM = 150.0  # the width of fabric
MAX_REPEAT_CM = 42.0  # A3
MIN_CM = 1.0
DPI, LARGE_DPI = 300, 150
MAX_FINE_CM = 42.0  # a longer sheet is printed at LARGE_DPI, and has at most 79 megapixels
TOLERANCE_CM = 0.005  # less than a dot
ONE_DIRECTION: dict[str, Repeat] = {"height": "x", "width": "y"}  # the direction in which a sheet has one tile


class Sheet(BaseModel):
    """A print-ready sheet. Width and height are 1 to 150 cm, and one repeat is 1 to 42 cm.

    The resolution is 300 dpi, or 150 dpi if the sheet is wider or higher than 42 cm. The file states it.
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

    def cm(self, name: Literal["width", "height", "repeat"]) -> float:
        """A length in centimetres of a sheet that `with_defaults` returned."""
        return float(getattr(self, name)) * (CM_PER_INCH if self.unit == "inch" else 1)

    @property
    def dpi(self) -> int:
        """The resolution of a sheet that `with_defaults` returned, in pixels per inch."""
        return DPI if max(self.cm("width"), self.cm("height")) <= MAX_FINE_CM + TOLERANCE_CM else LARGE_DPI

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
