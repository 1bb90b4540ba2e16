"""Upscale: an existing image at a higher resolution, or on the canvas of a printed product."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import ClassVar, Literal, Self

from pydantic import Field

from craftspark.models.enlarging import MAX_ENLARGED_PIXELS, enlarging_megapixels
from craftspark.models.model import Model
from craftspark.models.prices import credits_for_result
from craftspark.models.work import Load, megapixels, upscaler_megapixels
from craftspark.tools.canvases import (
    CANVASES,
    MAX_ENLARGEMENT,
    CanvasName,
    describe_canvases,
    enlargement,
)
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.request import SOURCE, JobRequest, SourceReference
from craftspark.tools.sources import Source, only
from craftspark.tools.windows import fit_into

MAX_RESULT_SIDE = 8192  # pixels per side of the result
FACTOR = 2


class UpscaleRequest(JobRequest):
    """A request for an existing image at 2 or 4 times its size, or on a canvas for print. Transparency is kept."""

    work_fields: ClassVar[tuple[str, ...]] = ("source", "factor", "canvas")

    source: SourceReference = Field(description=SOURCE)
    factor: Literal[2, 4] | None = Field(
        None,
        description="Factor by which width and height increase. The result has at most 8192 pixels per side and 36 "
        "megapixels. Cannot be combined with `canvas`. Default: 2, unless `canvas` is set.",
    )
    canvas: CanvasName | None = Field(
        None,
        description="Canvas of a printed product. The image is enlarged until it just fits, at most 10 times, and is "
        "centred. The rest of the canvas is transparent if the image has transparency. Otherwise it has the colour of "
        "the image's edge if that is plain, else white. The PNG states the resolution. Cannot be combined with "
        f"`factor`. Width x height of the canvases in pixels:\n\n{describe_canvases()}",
        examples=["shirt"],
    )
    count: int = Field(1, ge=1, le=1, description="Number of images. Upscale makes one.")

    def for_sources(self, sources: Sequence[Source]) -> Self:
        filled = self if self.factor or self.canvas else self.model_copy(update={"factor": FACTOR})
        refuse(filled._contradictions_to(sources[0]))
        return filled

    def _contradictions_to(self, source: Source) -> Iterator[Contradiction]:
        if self.factor and self.canvas:
            detail = "the size is given by factor or by canvas; remove one of them"
            yield Contradiction(detail, ("factor", "canvas"))
            return
        size = f"{source.width} x {source.height}"
        if self.canvas:
            canvas, times = CANVASES[self.canvas], enlargement(source.width, source.height, CANVASES[self.canvas])
            if times > MAX_ENLARGEMENT:
                sides = [ceil(side / MAX_ENLARGEMENT) for side in (canvas.width, canvas.height)]
                yield Contradiction(
                    f"canvas `{self.canvas}` has {canvas.width} x {canvas.height} pixels, so the source, {size}, would "
                    f"be enlarged {times:.1f} times, and the maximum is {MAX_ENLARGEMENT:g}; use a source that is at "
                    f"least {sides[0]} pixels wide or {sides[1]} high, or a smaller canvas",
                    ("canvas", "source"),
                )
            return
        width, height = self._result_size(source)
        if max(width, height) > MAX_RESULT_SIDE or width * height > MAX_ENLARGED_PIXELS:
            yield Contradiction(
                f"{size} times {self.factor} exceeds {MAX_RESULT_SIDE} pixels a side or "
                f"{MAX_ENLARGED_PIXELS // 1_000_000} megapixels; reduce factor or use a smaller source",
                ("factor", "source"),
            )

    def _result_size(self, source: Source) -> tuple[int, int]:
        if self.canvas:
            return CANVASES[self.canvas].width, CANVASES[self.canvas].height
        factor = self.factor or FACTOR
        return source.width * factor, source.height * factor

    def _enlarged(self, source: Source, reach: int, *, alpha: bool = False) -> float:
        """The megapixels that the upscaler processes."""
        if not self.canvas:
            return upscaler_megapixels(source.width, source.height, reach, alpha=alpha)
        size = source.width, source.height
        return enlarging_megapixels(size, fit_into(size, CANVASES[self.canvas].size), reach, alpha=alpha)

    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        source = only(sources)
        if source is None:
            return 1
        width, height = self._result_size(source)
        return credits_for_result(model, width * height, self._enlarged(source, model.upscaler.reach))

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        largest = int((MAX_ENLARGED_PIXELS / (self.factor or FACTOR) ** 2) ** 0.5)
        source = only(sources) or Source(reference=self.source, bucket="uploads", key="", width=largest, height=largest)
        written = megapixels(*self._result_size(source))
        return Load(
            images=images,
            enlarged=images * self._enlarged(source, model.upscaler.reach, alpha=source.alpha),
            painted=images * written if self.canvas else 0,
            written=images * written,
        )
