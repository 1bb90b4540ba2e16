"""Clipart: an object on a transparent background, with a cut file."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, Self

from pydantic import Field

from craftspark.models.model import Model
from craftspark.models.work import ENLARGED, Load, upscaler_megapixels
from craftspark.tools.contradictions import Contradiction
from craftspark.tools.picture import PictureRequest
from craftspark.tools.request import DrawingRequest, Prompt, sides
from craftspark.tools.sources import Source

COLOURS = 6


class ClipartRequest(DrawingRequest):
    """A request for objects on a transparent background, each with a file for cutting machines."""

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
        0.04, ge=0, le=0.25, description="Clear space around the object, as a fraction of its longer side."
    )
    cut: Literal["colours", "outline"] = Field(
        "colours",
        description="Content of the cut file: `colours` has one layer for each colour, `outline` has the silhouette "
        "only.",
    )
    colours: int | None = Field(
        None,
        ge=2,
        le=16,
        description="Maximum number of colour layers. Only with `cut` set to `colours`, where the default is 6.",
    )
    width_mm: float = Field(100, ge=10, le=600, description="Width of the cut image in millimetres, margins included.")
    smallest_mm: float = Field(
        1.5,
        ge=0.2,
        le=20,
        description="Smallest detail to cut, in millimetres. The cut file leaves smaller details out.",
    )
    outline_mm: float = Field(
        0, ge=0, le=20, description="Width of a sticker border around the object, in millimetres. 0 means no border."
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
        widest = self.width_mm / (1 + 2 * self.margin)
        if self.smallest_mm >= widest:
            yield Contradiction(
                f"the object is at most {widest:.1f} mm wide, and details under {self.smallest_mm:g} mm are left out;"
                " increase width_mm or reduce smallest_mm" + (" or margin" if self.margin else ""),
                ("smallest_mm", "width_mm", *(("margin",) if self.smallest_mm < self.width_mm else ())),
            )
        if self.outline_mm >= self.width_mm:
            yield Contradiction(
                f"a border of {self.outline_mm:g} mm is wider than the image, {self.width_mm:g} mm; reduce outline_mm "
                "or increase width_mm",
                ("outline_mm", "width_mm"),
            )

    def load(self, model: Model, source: Source | None, images: int) -> Load:
        drawn = super().load(model, source, images)
        enlarged = images * upscaler_megapixels(*sides(self.size or model.default_size), model.upscaler.reach)
        return replace(drawn, enlarged=enlarged, cuts=images, traced=images, written=drawn.written * ENLARGED**2)
