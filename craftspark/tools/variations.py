"""Variations: new versions of an existing image."""

from collections.abc import Iterator
from dataclasses import replace

from pydantic import Field

from craftspark.models.capabilities import Need
from craftspark.models.model import Model
from craftspark.models.work import Load
from craftspark.tools.picture import PRESETS
from craftspark.tools.request import SOURCE, DrawingRequest, OptionalPrompt, SourceReference
from craftspark.tools.sources import Source


class VariationsRequest(DrawingRequest):
    """A request for new versions of an existing image."""

    presets = PRESETS

    source: SourceReference = Field(description=SOURCE)
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

    @property
    def wanted_source(self) -> str | None:
        return self.source

    @property
    def drawing_strength(self) -> float | None:
        return self.strength

    def load(self, model: Model, source: Source | None, images: int) -> Load:
        whole = super().load(model, source, images)
        return replace(whole, steps=whole.steps * self.drawn_share(model), redraws=whole.calls)
