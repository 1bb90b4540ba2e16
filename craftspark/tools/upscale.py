"""Upscale: an existing image at a higher resolution."""

from math import ceil
from typing import ClassVar, Literal, Self

from pydantic import Field

from craftspark.models.model import Model
from craftspark.models.prices import credits_for_seconds
from craftspark.models.work import Load, megapixels, upscaler_megapixels
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.request import SOURCE, JobRequest, SourceReference
from craftspark.tools.sources import Source

MAX_RESULT_SIDE = 4096  # pixels per side of the result
# The result's pixels that one credit pays to encode and store, and with a fast upscaler to make.
PIXELS_A_CREDIT = 4 * 1024 * 1024


class UpscaleRequest(JobRequest):
    """A request for an existing image at 2 or 4 times its size. Transparency is kept."""

    work_fields: ClassVar[tuple[str, ...]] = ("source", "factor")

    source: SourceReference = Field(description=SOURCE)
    factor: Literal[2, 4] = Field(2, description="Factor by which width and height increase.")
    count: int = Field(1, ge=1, le=1, description="Number of images. Upscale makes one.")

    @property
    def wanted_source(self) -> str | None:
        return self.source

    def for_source(self, source: Source) -> Self:
        width, height = source.width * self.factor, source.height * self.factor
        if max(width, height) > MAX_RESULT_SIDE:
            detail = f"{source.width} x {source.height} times {self.factor} exceeds {MAX_RESULT_SIDE} pixels a side"
            refuse([Contradiction(f"{detail}; reduce factor or use a smaller source", ("factor", "source"))])
        return self

    def credits_per_image(self, model: Model, source: Source | None = None) -> int:
        if source is None:
            return 1
        by_pixels = ceil(source.width * source.height * self.factor**2 / PIXELS_A_CREDIT)
        megapixels = upscaler_megapixels(source.width, source.height, model.upscaler.reach)
        return max(by_pixels, credits_for_seconds(megapixels * model.priced.profile.enlarge_s))

    def load(self, model: Model, source: Source | None, images: int) -> Load:
        width, height, alpha = (
            (source.width, source.height, source.alpha) if source else (MAX_RESULT_SIDE, MAX_RESULT_SIDE, False)
        )
        written = megapixels(width * self.factor, height * self.factor)
        enlarged = upscaler_megapixels(width, height, model.upscaler.reach, alpha=alpha)
        return Load(images=images, enlarged=images * enlarged, written=images * written)
