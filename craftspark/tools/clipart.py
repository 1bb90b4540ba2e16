"""Clipart: an object on a transparent background, with cut files."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, Self

from pydantic import Field

from craftspark.models.model import Model
from craftspark.models.work import ENLARGED, Load, megapixels, upscaler_megapixels
from craftspark.tools.contradictions import Contradiction
from craftspark.tools.picture import PictureRequest
from craftspark.tools.request import DrawingRequest, Prompt, sides
from craftspark.tools.sources import Source

COLOURS = 6
PRINT_DPI = 300
MAX_PRINT_SIDE = 4096  # pixels; a larger print has fewer dots per inch
MM_PER_INCH = 25.4


class ClipartRequest(DrawingRequest):
    """A request for objects on a transparent background, each with files for cutting machines."""

    presets = tuple(
        preset for preset in PictureRequest.presets if preset.name in ("kawaii-sticker", "line-art", "folk-art")
    )

    prompt: Prompt = Field(description="The object to draw.", examples=["cat face"])
    size: str | None = Field(
        None,
        pattern=r"^\d{2,4}x\d{2,4}$",
        description="Width x height of the drawing in pixels, one of the `sizes` from `GET /v1/tools`. Default: the "
        "model's default size.",
    )
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
    width_mm: float = Field(
        100.0,
        ge=10,
        le=600,
        description="Width of the cut object in millimetres. The margin and the sticker border are outside it. The "
        "image, the sticker and the cut files have the same size. The image has 300 dpi, or fewer if it would have "
        "more than 4096 pixels per side.",
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

    def for_model(self, model: Model) -> Self:
        colours = self.colours or COLOURS if self.cut == "colours" else None
        update = {"size": self.size or model.default_size, "colours": colours}
        filled = super().for_model(model).model_copy(update=update)
        model.check_size(filled.size or "")
        return filled

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
        if self.smallest_mm >= self.width_mm:
            yield Contradiction(
                f"the object is {self.width_mm:g} mm wide, and what is narrower than {self.smallest_mm:g} mm is left "
                "out; increase width_mm or reduce smallest_mm",
                ("smallest_mm", "width_mm"),
            )
        if self.outline_mm >= self.width_mm:
            yield Contradiction(
                f"a border of {self.outline_mm:g} mm is wider than the image, {self.width_mm:g} mm; reduce outline_mm "
                "or increase width_mm",
                ("outline_mm", "width_mm"),
            )

    def load(self, model: Model, source: Source | None, images: int) -> Load:
        drawn = super().load(model, source, images)
        width, height = sides(self.size or model.default_size)
        reach = model.upscaler.reach
        enlarged = upscaler_megapixels(width, height, reach)
        if self.print_width > ENLARGED * width:
            enlarged += upscaler_megapixels(ENLARGED * width, ENLARGED * height, reach)
        return replace(
            drawn,
            enlarged=images * enlarged,
            cuts=2 * images,  # the cut file of a small copy takes as long as the cut-out
            traced=images,
            written=images * self._print_megapixels(height / width),
        )

    @property
    def print_width(self) -> float:
        """The pixels of the object's width in print."""
        return self.width_mm / MM_PER_INCH * PRINT_DPI

    def _print_megapixels(self, aspect: float) -> float:
        """The megapixels of the image, and of the sticker if there is one, for an object of this height per width."""
        border = 2 * self.outline_mm / MM_PER_INCH * PRINT_DPI
        margin = 2 * self.margin * self.print_width * max(1, aspect)
        width, height = (side + border + margin for side in (self.print_width, self.print_width * aspect))
        scale = min(1, MAX_PRINT_SIDE / max(width, height))
        return megapixels(width * scale, height * scale) * (2 if self.outline_mm else 1)
