"""Cutout: the object of an existing image without its background, with cut files if a width is given."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import ClassVar, Literal, Self

from pydantic import Field

from craftspark.models.enlarging import LARGEST_SIDE
from craftspark.models.model import Model
from craftspark.models.prices import credits_for_work
from craftspark.models.work import ENLARGED, MAX_CUT_SIDE, Load, megapixels, upscaler_megapixels
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.cut_files import CutFileRequest
from craftspark.tools.prints import print_pixels
from craftspark.tools.request import SOURCE, SourceReference
from craftspark.tools.sources import Source, only

CUT_MEGAPIXELS = 0.25  # a profile has the seconds of a cut of this size
# Pixels of the longer side to which a small source is enlarged before it is cut out. More cost time, and move the edge
# by less than a pixel of the source.
ENLARGED_SIDE = 1024
CUT_FIELDS = ("outline_mm", "smallest_mm", "colours", "cut", "layers", "mirror", "margin")


class CutoutRequest(CutFileRequest):
    """A request for an existing image without its background. A transparent background is kept as it is."""

    work_fields: ClassVar[tuple[str, ...]] = ("width_mm", "outline_mm", "source")

    source: SourceReference = Field(description=SOURCE)
    width_mm: float | None = Field(
        None,
        ge=10,
        le=600,
        description="Width of the cut object in millimetres. With it, the image is trimmed to the object, with the "
        "margin and the sticker border outside it, and has 300 dpi, or fewer if it would have more than 4096 pixels "
        "per side. The image, the sticker and the cut files have the same size. Default: the image keeps the source's "
        "size in pixels and has no cut files; then all other fields of cut files must be absent.",
    )
    holes: Literal["keep", "cut"] = Field(
        "keep",
        description="What happens to areas of the background's colour inside the object. `keep` is for drawings, such "
        "as a white face on white. `cut` is for text and logos: the inside of an O is cut out. A source with a "
        "transparent background keeps its own holes.",
    )
    count: int = Field(1, ge=1, le=1, description="Number of images. Cutout makes one.")

    @property
    def cut_width_mm(self) -> float | None:
        return self.width_mm

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        if self.width_mm is not None:
            yield from super().contradictions(model)
            return
        # A recipe and an order contain all fields, so a field counts if its value is not the default.
        for name in CUT_FIELDS:
            if getattr(self, name) != type(self).model_fields[name].default:
                yield Contradiction(
                    f"{name} is for the cut files, which need a width; set width_mm or remove {name}",
                    (name, "width_mm"),
                )

    def for_sources(self, sources: Sequence[Source]) -> Self:
        refuse(self.check_piece(sources[0].width))
        return self

    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        return credits_for_work(model, self.load(model, sources, 1)) if sources else 1

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        source = only(sources)
        width, height = (source.width, source.height) if source else (LARGEST_SIDE, LARGEST_SIDE)
        longest, reach = max(width, height), model.upscaler.reach
        scale = min(1.0, MAX_CUT_SIDE / longest)
        factor = next((factor for factor in (ENLARGED, 2) if longest * factor <= ENLARGED_SIDE), 1)
        cut_width, cut_height = ceil(width * scale), ceil(height * scale)
        enlarged = upscaler_megapixels(cut_width, cut_height, reach) if factor > 1 else 0.0
        cuts = megapixels(cut_width * factor, cut_height * factor) / CUT_MEGAPIXELS
        written = megapixels(width, height)
        if self.width_mm is not None:
            if print_pixels(self.width_mm) > cut_width * factor:
                enlarged += upscaler_megapixels(cut_width * factor, cut_height * factor, reach)
            cuts += 1  # the cut file of a small copy takes as long as a small cut-out
            written = self.print_megapixels(height / width)
        return Load(
            images=images,
            enlarged=images * enlarged,
            cuts=images * cuts,
            traced=images if self.width_mm is not None else 0,
            written=images * written,
        )
