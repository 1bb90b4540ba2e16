"""Clipart: a transparent picture with a clean edge, and a cut file beside it."""

from typing import Literal, Self

from pydantic import Field

from craftspark.catalogue import Model
from craftspark.tools.picture import PictureRequest
from craftspark.tools.request import DrawingRequest, Prompt


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
    colours: int = Field(6, ge=2, le=16, description="The most layers of colour.")
    width_mm: float = Field(100, ge=10, le=600, description="How wide it is to be cut.")
    smallest_mm: float = Field(1.5, ge=0.2, le=20, description="What is smaller than that, a blade cannot cut.")
    outline_mm: float = Field(0, ge=0, le=20, description="A sticker's border around it; 0 for none.")

    def for_model(self, model: Model) -> Self:
        filled = super().for_model(model).model_copy(update={"size": self.size or model.default_size})
        model.check_size(filled.size or "")
        return filled
