"""Clipart: a transparent picture with a clean edge, and a cut file beside it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, Self

from pydantic import Field

from craftspark.catalogue import Model
from craftspark.sources import Source
from craftspark.tools.contradictions import Contradiction
from craftspark.tools.picture import PictureRequest
from craftspark.tools.request import DrawingRequest, Prompt, sides
from craftspark.work import ENLARGED, Load, upscaled

COLOURS = 6


class ClipartRequest(DrawingRequest):
    """Draw `count` things, each cut out, with a file that a cutting machine can follow."""

    presets = tuple(
        preset for preset in PictureRequest.presets if preset.name in ("kawaii-sticker", "line-art", "folk-art")
    )

    prompt: Prompt = Field(description="The one thing to draw.", examples=["cat face"])
    size: str | None = Field(
        None, pattern=r"^\d{2,4}x\d{2,4}$", description="Width x height in pixels; the model's own size when absent."
    )
    margin: float = Field(0.04, ge=0, le=0.25, description="Clear space around it, as a share of its longer side.")
    cut: Literal["colours", "outline"] = Field(
        "colours", description="`colours`: a layer for each colour. `outline`: its silhouette alone."
    )
    colours: int | None = Field(
        None, ge=2, le=16, description="The most layers of colour: 6 when absent. With cut `colours` alone."
    )
    width_mm: float = Field(100, ge=10, le=600, description="How wide it is to be cut.")
    smallest_mm: float = Field(1.5, ge=0.2, le=20, description="What is smaller than that, a blade cannot cut.")
    outline_mm: float = Field(0, ge=0, le=20, description="A sticker's border around it; 0 for none.")

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
                "cut `outline` has no layers of colour; leave colours out, or choose cut `colours`", ("colours", "cut")
            )
        widest = self.width_mm / (1 + 2 * self.margin)
        if self.smallest_mm >= widest:
            yield Contradiction(
                f"what is cut is at most {widest:.1f} mm wide, and all under {self.smallest_mm:g} mm is left out; raise"
                " width_mm, or lower smallest_mm" + (" or margin" if self.margin else ""),
                ("smallest_mm", "width_mm", *(("margin",) if self.smallest_mm < self.width_mm else ())),
            )
        if self.outline_mm >= self.width_mm:
            yield Contradiction(
                f"a border of {self.outline_mm:g} mm is wider than all that it goes around, {self.width_mm:g} mm; lower"
                " outline_mm, or raise width_mm",
                ("outline_mm", "width_mm"),
            )

    def load(self, model: Model, source: Source | None, images: int) -> Load:
        drawn = super().load(model, source, images)
        enlarged = images * upscaled(*sides(self.size or model.default_size))
        return replace(drawn, enlarged=enlarged, cuts=images, traced=images, written=drawn.written * ENLARGED**2)
