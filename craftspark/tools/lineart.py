"""Line art: the lines of an existing image, to colour in."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from craftspark.models.enlarging import LARGEST_SIDE, enlarging_megapixels
from craftspark.models.model import Model
from craftspark.models.prices import credits_for_work
from craftspark.models.work import Load
from craftspark.tools.contradictions import Contradiction
from craftspark.tools.prints import print_megapixels, print_pixels
from craftspark.tools.request import SOURCE, JobRequest, SourceReference
from craftspark.tools.sources import Source, only

ENLARGED_BELOW = 512  # pixels of the longer side; the edges of a larger source are sharp enough
LINE_SIDE = 1024  # pixels of the longer side of the copy in which lines are found
WIDEST_LINE = 0.05  # share of the width; wider lines would cover each other
# Lines of a picture take as long as this number of cut files.
CUT_FILES = 3


def enlarged_size(width: int, height: int) -> tuple[int, int]:
    """The width and height to which a small source is enlarged."""
    scale = LINE_SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


class LineartRequest(JobRequest):
    """A request for the lines of an existing image, in black on white. Lines that it has become one line each."""

    work_fields: ClassVar[tuple[str, ...]] = ("width_mm", "source")

    source: SourceReference = Field(description=SOURCE)
    width_mm: float = Field(
        180.0,
        ge=10,
        le=600,
        description="Width of the page in millimetres. The image has 300 dpi, or fewer if it would have more than 4096 "
        "pixels per side.",
    )
    line_mm: float = Field(0.8, ge=0.2, le=5, description="Width of the lines in millimetres.")
    detail: Literal["low", "medium", "high"] = Field(
        "medium",
        description="How much becomes lines. `low` has only strong borders and large areas, `high` also faint and "
        "small ones.",
    )
    count: int = Field(1, ge=1, le=1, description="Number of images. Line art makes one.")

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        yield from super().contradictions(model)
        if self.line_mm > WIDEST_LINE * self.width_mm:
            yield Contradiction(
                f"lines of {self.line_mm:g} mm would cover each other on a page {self.width_mm:g} mm wide; set line_mm "
                f"to at most {WIDEST_LINE * self.width_mm:g} or increase width_mm",
                ("line_mm", "width_mm"),
            )

    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        return credits_for_work(model, self.load(model, sources, 1)) if sources else 1

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        source = only(sources)
        width, height = (source.width, source.height) if source else (LARGEST_SIDE, LARGEST_SIDE)
        enlarged = 0.0
        if source and max(width, height) < ENLARGED_BELOW:
            result = enlarged_size(width, height)
            enlarged = enlarging_megapixels((width, height), result, model.upscaler.reach, alpha=source.alpha)
        page_width = print_pixels(self.width_mm)
        return Load(
            images=images,
            enlarged=images * enlarged,
            traced=images * CUT_FILES,
            written=images * print_megapixels(page_width, page_width * height / width),
        )
