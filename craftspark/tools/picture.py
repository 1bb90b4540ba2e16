"""Picture: images from a prompt."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

from pydantic import Field

from craftspark.models.enlarging import enlarging_megapixels
from craftspark.models.model import Model
from craftspark.models.work import Load, megapixels
from craftspark.tools.presets import Preset
from craftspark.tools.request import SIZE, DrawingRequest, Prompt, sides
from craftspark.tools.sources import Source

MIN_SIDE = 512  # pixels of the shorter side of a delivered picture
PRESETS = (
    Preset(
        name="watercolour",
        title="Watercolour",
        summary="Soft washes on white paper.",
        words="watercolour painting of {prompt}, soft wet washes, visible paper grain, white background",
        without="photo, hard outlines, frame",
    ),
    Preset(
        name="linocut",
        title="Linocut",
        summary="Bold carved lines in one ink.",
        words="linocut print of {prompt}, bold carved lines, black ink on white paper, high contrast",
        without="colour gradients, photo, grey",
    ),
    Preset(
        name="kawaii-sticker",
        title="Kawaii sticker",
        summary="Round, sweet, with a white border.",
        words="kawaii sticker of {prompt}, cute face, rounded shapes, thick white border, pastel colours, vector",
        without="photo, realistic, text",
    ),
    Preset(
        name="line-art",
        title="Line art",
        summary="Clean outlines to colour in or to engrave.",
        words="black line art of {prompt}, clean even outlines, colouring page, no shading, white background",
        without="colour, shading, grey, photo",
    ),
    Preset(
        name="paper-cut",
        title="Paper cut",
        summary="Layers of coloured paper with soft shadows.",
        words="layered paper cut art of {prompt}, coloured card stock, soft shadows between layers",
        without="photo, text",
    ),
    Preset(
        name="embroidery",
        title="Embroidery",
        summary="Satin stitches on linen.",
        words="hand embroidery of {prompt}, satin stitch, coloured thread on linen, close-up",
        without="painting, text",
    ),
    Preset(
        name="folk-art",
        title="Folk art",
        summary="Flat, ornate and symmetrical.",
        words="scandinavian folk art of {prompt}, flat shapes, floral ornaments, symmetrical, limited palette",
        without="photo, gradients, text",
    ),
    Preset(
        name="stained-glass",
        title="Stained glass",
        summary="Bright panes in dark lead.",
        words="stained glass window of {prompt}, bright translucent panes, dark lead lines",
        without="photo, text",
    ),
)


class PictureRequest(DrawingRequest):
    """A request for images of what the prompt describes."""

    presets = PRESETS

    prompt: Prompt = Field(description="What the image shows.", examples=["a red apple"])
    size: str | None = Field(
        None,
        pattern=SIZE,
        description="Width x height in pixels at which the model draws, one of the `sizes` from `GET /v1/tools`. A "
        "drawing whose shorter side has less than 512 pixels is enlarged 2, 4 or more times until it has 512. The "
        "image's `width` and `height` are those after enlarging. Default: the model's default size.",
    )

    def defaults(self, model: Model) -> dict[str, Any]:
        return {**super().defaults(model), "size": self.size or model.default_size}

    def for_model(self, model: Model) -> Self:
        filled = super().for_model(model)
        model.check_size(filled.size or "")
        return filled

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        drawn, size = super().load(model, sources, images), sides(self.size or model.default_size)
        delivered = delivered_size(size)
        return replace(
            drawn,
            enlarged=images * enlarging_megapixels(size, delivered, model.upscaler.reach),
            written=images * megapixels(*delivered),
        )


def delivered_size(drawn: tuple[int, int]) -> tuple[int, int]:
    """The size of a picture, (width, height) in pixels, that the model draws in another size: doubled until the shorter
    side has MIN_SIDE.
    """
    times = 1
    while min(drawn) * times < MIN_SIDE:
        times *= 2
    return drawn[0] * times, drawn[1] * times
