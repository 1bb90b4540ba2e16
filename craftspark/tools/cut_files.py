"""The request fields of tools that deliver an object with files for cutting machines."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field

from craftspark.models.model import Model
from craftspark.models.work import ENLARGED
from craftspark.tools.contradictions import Contradiction
from craftspark.tools.prints import print_megapixels, print_pixels
from craftspark.tools.request import JobRequest

COLOURS = 6
# The smallest piece of a cut file has at least this many pixels; paths around fewer do not follow the picture.
MIN_PIECE_PIXELS = 3


class CutFileRequest(JobRequest):
    """The fields of every tool with cut files. The width of the object is a field of the tool."""

    margin: float = Field(
        0.04,
        ge=0,
        le=0.25,
        description="Clear space on each side, as a fraction of the object's longer side. It is outside the object and "
        "its sticker border.",
    )
    cut: Literal["colours", "outline"] = Field(
        "colours",
        description="Content of the cut files: `colours` has one layer for each colour, `outline` has the silhouette "
        "only.",
    )
    layers: Literal["stacked", "knockout"] = Field(
        "stacked",
        description="How the colour layers lie on each other. `stacked`: the first layer is the whole silhouette, and "
        "the others lie on it. `knockout`: no layer is under another one, for heat transfer vinyl. Only with `cut` "
        "set to `colours`.",
    )
    mirror: bool = Field(
        False,
        description="Whether the cut files and the sticker are mirrored, for iron-on materials. The image itself is "
        "not mirrored.",
    )
    colours: int | None = Field(
        None,
        ge=2,
        le=16,
        description="Maximum number of colour layers. Only with `cut` set to `colours`, where the default is 6.",
    )
    smallest_mm: float = Field(
        1.5,
        ge=0.2,
        le=20,
        description="Smallest width to cut, in millimetres. The cut files leave out longer parts that are narrower, "
        "and fill narrower gaps.",
    )
    outline_mm: float = Field(
        0.0,
        ge=0,
        le=20,
        description="Width of a sticker border around the object, in millimetres: one closed line around all of its "
        "parts. With a border, the image also has the file `sticker.png`, a print with a white border. 0 means no "
        "border.",
    )

    @property
    @abstractmethod
    def cut_width_mm(self) -> float | None:
        """The width of the object in millimetres. None if the image has no cut files."""

    def for_model(self, model: Model) -> Self:
        colours = self.colours
        if self.cut_width_mm is not None and self.cut == "colours":
            colours = colours or COLOURS
        return super().for_model(model).model_copy(update={"colours": colours})

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        yield from super().contradictions(model)
        if self.cut == "outline" and self.colours is not None:
            yield Contradiction(
                "cut `outline` has no colour layers; remove colours or set cut to `colours`", ("colours", "cut")
            )
        if self.cut == "outline" and self.layers == "knockout":
            yield Contradiction(
                "cut `outline` has one layer, so nothing is knocked out; remove layers or set cut to `colours`",
                ("layers", "cut"),
            )
        if self.cut_width_mm is None:
            return
        if self.smallest_mm >= self.cut_width_mm:
            yield Contradiction(
                f"the object is {self.cut_width_mm:g} mm wide, and what is narrower than {self.smallest_mm:g} mm is "
                "left out; increase width_mm or reduce smallest_mm",
                ("smallest_mm", "width_mm"),
            )
        if self.outline_mm >= self.cut_width_mm:
            yield Contradiction(
                f"a border of {self.outline_mm:g} mm is wider than the image, {self.cut_width_mm:g} mm; reduce "
                "outline_mm or increase width_mm",
                ("outline_mm", "width_mm"),
            )

    def check_piece(self, width: int) -> Iterator[Contradiction]:
        """The contradiction if the smallest piece has too few pixels where the object is this many pixels wide.

        The object is enlarged before it is traced.
        """
        if self.cut_width_mm is None:
            return
        pixels = self.smallest_mm / self.cut_width_mm * width * ENLARGED
        if pixels < MIN_PIECE_PIXELS:
            least = MIN_PIECE_PIXELS / ENLARGED * self.cut_width_mm / width
            yield Contradiction(
                f"the source is {width} pixels wide, too few to cut pieces of {self.smallest_mm:g} mm at "
                f"{self.cut_width_mm:g} mm; set smallest_mm to at least {least:.2g}, reduce width_mm or use a larger "
                "source",
                ("smallest_mm", "width_mm", "source"),
            )

    def print_megapixels(self, aspect: float) -> float:
        """The megapixels of the print, and of the sticker if there is one, for an object of this height per width."""
        object_width = print_pixels(self.cut_width_mm or 0)
        border = 2 * print_pixels(self.outline_mm)
        margin = 2 * self.margin * object_width * max(1, aspect)
        width, height = (side + border + margin for side in (object_width, object_width * aspect))
        return print_megapixels(width, height) * (2 if self.outline_mm else 1)
