"""Picture: a few words become pictures."""

from math import ceil
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from craftspark.catalogue import Model
from craftspark.tools.request import JobRequest, Prompt


class PictureRequest(JobRequest):
    """Draw `count` pictures of what the prompt says."""

    prompt: Prompt = Field(description="What to draw.", examples=["a red apple"])
    negative_prompt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = Field(
        "", description="What to keep out of the picture."
    )
    size: str | None = Field(
        None, pattern=r"^\d{2,4}x\d{2,4}$", description="Width x height in pixels; the model's own size when absent."
    )
    steps: int | None = Field(None, ge=1, le=100, description="Denoising steps; the model's own number when absent.")
    guidance: float | None = Field(
        None, ge=1, le=20, description="How closely to follow the prompt; the model's own value when absent."
    )
    style: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, description="One of the tool's styles; the model's own look when absent.", examples=["bold-flat"]
    )

    def for_model(self, model: Model) -> Self:
        filled = self.model_copy(
            update={
                "size": self.size or model.default_size,
                "steps": self.steps or model.default_steps,
                "guidance": model.default_guidance if self.guidance is None else self.guidance,
            }
        )
        model.check(size=filled.size or "", steps=filled.steps or 0)
        if filled.style is not None:
            model.style(filled.style)
        return filled

    def credits_per_image(self, model: Model) -> int:
        return ceil((self.steps or model.default_steps) / model.steps_per_credit)
