"""Variations: new pictures that keep what a picture shows."""

from dataclasses import replace

from pydantic import Field

from craftspark.catalogue import Model
from craftspark.sources import Source
from craftspark.tools.picture import PRESETS
from craftspark.tools.request import DrawingRequest, OptionalPrompt, SourceReference
from craftspark.work import Load


class VariationsRequest(DrawingRequest):
    """Draw `count` variations of a picture."""

    presets = PRESETS

    source: SourceReference = Field(description="An own image, `<job_id>/<index>`, or `upload/<upload_id>`.")
    prompt: OptionalPrompt = Field("", description="What the picture shows, or is to show.", examples=["a red apple"])
    strength: float = Field(0.6, ge=0.1, le=0.95, description="How far to leave the picture: 0.1 barely, 0.95 freely.")

    @property
    def wanted_source(self) -> str | None:
        return self.source

    @property
    def drawing_strength(self) -> float | None:
        return self.strength

    def load(self, model: Model, source: Source | None, images: int) -> Load:
        whole = super().load(model, source, images)
        return replace(whole, steps=whole.steps * self.strength)
