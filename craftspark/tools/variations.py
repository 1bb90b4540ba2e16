"""Variations: new versions of an existing image."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Self

from pydantic import Field

from craftspark.errors import InvalidInput
from craftspark.models.capabilities import Need
from craftspark.models.enlarging import enlarging_megapixels
from craftspark.models.model import Model
from craftspark.models.prices import credits_for_result
from craftspark.models.work import Load, megapixels, upscaler_megapixels
from craftspark.tools.picture import PRESETS
from craftspark.tools.request import SOURCE, DrawingRequest, OptionalPrompt, SourceReference
from craftspark.tools.sources import Source, only
from craftspark.tools.windows import choose_size, fit_into

# Up to this strength, the source is also drawn unchanged in one step, to find what a drawing changed.
LOW_STRENGTH = 0.25
MAX_SOURCE_SIDE = 4096  # pixels per side
USUAL_SIDE = 1024  # pixels per side of a source whose size is not known


class VariationsRequest(DrawingRequest):
    """A request for new versions of an existing image, each exactly as wide and as high."""

    presets = PRESETS
    work_fields: ClassVar[tuple[str, ...]] = ("count", "steps", "source")

    source: SourceReference = Field(
        description=f"{SOURCE} Every version has its width and height in pixels, at most 4096 each. A source with "
        "transparency gets versions with transparency. If its background is transparent or has one colour, only the "
        "area around the objects is drawn again.",
    )
    prompt: OptionalPrompt = Field(
        "", description="What the source shows or the result must show.", examples=["a red apple"]
    )
    strength: float = Field(
        0.6,
        ge=0.1,
        le=0.95,
        description="How much the result may differ from the source: 0.1 is almost the same, 0.95 is almost new. "
        "At least one step is drawn.",
    )

    def needs(self) -> Iterator[Need]:
        yield Need("redraw")

    def for_sources(self, sources: Sequence[Source]) -> Self:
        [source] = sources
        if max(source.width, source.height) > MAX_SOURCE_SIDE:
            raise InvalidInput(
                f"the source has {source.width} x {source.height} pixels, and versions have at most {MAX_SOURCE_SIDE} "
                "per side; use a smaller source",
                field="source",
            )
        return self

    @property
    def drawing_strength(self) -> float | None:
        return self.strength

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        source = only(sources)
        whole = super().load(model, sources, images)
        alpha = source is not None and source.alpha
        result = (source.width, source.height) if source else (USUAL_SIDE, USUAL_SIDE)
        steps, calls = whole.steps * self.drawn_share(model), whole.calls
        if self.strength <= LOW_STRENGTH:
            steps, calls = steps + calls, 2 * calls
        return replace(
            whole,
            steps=steps,
            calls=calls,
            redraws=calls,
            enlarged=images * self._enlarged(model, result, alpha=alpha),
            cuts=images if alpha else 0,
            written=images * megapixels(*result),
        )

    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        drawn, source = super().credits_per_image(model, sources), only(sources)
        if source is None:
            return drawn
        size = source.width, source.height
        enlarged = self._enlarged(model, size, alpha=source.alpha)
        # The price of a drawing includes a result of the usual size.
        return drawn + max(0, credits_for_result(model, size[0] * size[1], enlarged) - 1)

    def _enlarged(self, model: Model, result: tuple[int, int], *, alpha: bool) -> float:
        """The megapixels for the upscaler if the whole source is drawn again. An object is smaller, and takes less.

        To be cut out, a drawing is also enlarged separately.
        """
        drawn, reach = fit_into(result, choose_size(result[0] / result[1], model.sizes)), model.upscaler.reach
        return enlarging_megapixels(drawn, result, reach) + (upscaler_megapixels(*drawn, reach) if alpha else 0)
