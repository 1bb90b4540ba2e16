"""Clipart: an object on a transparent background, with cut files."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from pydantic import Field

from craftspark.models.model import Model
from craftspark.models.work import ENLARGED, Load, upscaler_megapixels
from craftspark.tools.cut_files import CutFileRequest
from craftspark.tools.picture import PictureRequest
from craftspark.tools.prints import print_pixels
from craftspark.tools.request import SIZE, DrawingRequest, Prompt, sides
from craftspark.tools.sources import Source


class ClipartRequest(CutFileRequest, DrawingRequest):
    """A request for objects on a transparent background, each with files for cutting machines."""

    presets = tuple(
        preset for preset in PictureRequest.presets if preset.name in ("kawaii-sticker", "line-art", "folk-art")
    )

    prompt: Prompt = Field(description="The object to draw.", examples=["cat face"])
    size: str | None = Field(
        None,
        pattern=SIZE,
        description="Width x height of the drawing in pixels, one of the `sizes` from `GET /v1/tools`. Default: the "
        "model's default size.",
    )
    width_mm: float = Field(
        100.0,
        ge=10,
        le=600,
        description="Width of the cut object in millimetres. The margin and the sticker border are outside it. The "
        "image, the sticker and the cut files have the same size. The image has 300 dpi, or fewer if it would have "
        "more than 4096 pixels per side.",
    )

    @property
    def cut_width_mm(self) -> float:
        return self.width_mm

    def for_model(self, model: Model) -> Self:
        filled = super().for_model(model).model_copy(update={"size": self.size or model.default_size})
        model.check_size(filled.size or "")
        return filled

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        drawn = super().load(model, sources, images)
        width, height = sides(self.size or model.default_size)
        reach = model.upscaler.reach
        enlarged = upscaler_megapixels(width, height, reach)
        if print_pixels(self.width_mm) > ENLARGED * width:
            enlarged += upscaler_megapixels(ENLARGED * width, ENLARGED * height, reach)
        return replace(
            drawn,
            enlarged=images * enlarged,
            cuts=2 * images,  # the cut file of a small copy takes as long as the cut-out
            traced=images,
            written=images * self.print_megapixels(height / width),
        )
