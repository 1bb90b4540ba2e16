"""Outpaint: an existing image, extended beyond its edges."""

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field

from craftspark.errors import InvalidInput
from craftspark.models.capabilities import Need
from craftspark.models.model import Model
from craftspark.models.work import Load, calls_for, megapixels
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.request import SOURCE, DrawingRequest, OptionalPrompt, SourceReference, sides
from craftspark.tools.sources import Source
from craftspark.tools.windows import Box, rounds

Anchor = Literal["centre", "left", "right", "top", "bottom", "top-left", "top-right", "bottom-left", "bottom-right"]
MAX_RESULT_SIDE = 2048  # pixels per side


class OutpaintRequest(DrawingRequest):
    """A request to extend an existing image beyond its edges. The image itself does not change."""

    work_fields: ClassVar[tuple[str, ...]] = ("count", "steps", "width", "height")

    source: SourceReference = Field(description=SOURCE)
    prompt: OptionalPrompt = Field("", description="What the new area or the whole image shows.", examples=["meadow"])
    width: int | None = Field(
        None, ge=16, le=MAX_RESULT_SIDE, description="Width of the result in pixels. Default: the width of the source."
    )
    height: int | None = Field(
        None,
        ge=16,
        le=MAX_RESULT_SIDE,
        description="Height of the result in pixels. Default: the height of the source.",
    )
    aspect: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]?:[1-9][0-9]?$",
        description="Aspect ratio of the result, width:height. The result is the smallest one that contains the "
        "source. Cannot be combined with `width` or `height`.",
        examples=["16:9"],
    )
    anchor: Anchor = Field("centre", description="Position of the source in the result.")

    def needs(self) -> Iterator[Need]:
        yield Need("repaint")

    @property
    def wanted_source(self) -> str | None:
        return self.source

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        yield from super().contradictions(model)
        sides = tuple(name for name in ("width", "height") if getattr(self, name) is not None)
        if self.aspect and sides:
            yield Contradiction(
                "aspect cannot be combined with width or height; remove one of them", ("aspect", *sides)
            )
        if not (self.aspect or sides):
            yield Contradiction(
                "the size of the result is missing; set width, height or aspect",
                ("width", "height", "aspect"),
            )

    def for_source(self, source: Source) -> Self:
        width, height = self._sides(source)
        for field, side, least in (("width", width, source.width), ("height", height, source.height)):
            name = "aspect" if self.aspect else field
            if side < least:
                detail = f"a {field} of {side} pixels is less than that of the source, {least}; increase {name}"
                refuse([Contradiction(detail, (name, "source"))])
            if side > MAX_RESULT_SIDE:
                raise InvalidInput(f"a {field} of {side} pixels exceeds the maximum of {MAX_RESULT_SIDE}", field=name)
        if (width, height) == (source.width, source.height):
            fields = ("aspect",) if self.aspect else ("width", "height")
            detail = f"the result has the size of the source, {width} x {height}; choose a larger size"
            refuse([Contradiction(detail, (*fields, "source"))])
        return self.model_copy(update={"width": width, "height": height, "aspect": None})

    def place_of(self, width: int, height: int) -> Box:
        """The position of a source with this width and height in the result."""
        room_across, room_down = (self.width or width) - width, (self.height or height) - height
        left = 0 if "left" in self.anchor else room_across if "right" in self.anchor else room_across // 2
        top = 0 if "top" in self.anchor else room_down if "bottom" in self.anchor else room_down // 2
        return Box(left, top, left + width, top + height)

    def rounds(self, source: tuple[int, int], window: tuple[int, int]) -> list[list[Box]]:
        """The windows that draw the new area, for a source (width, height); see craftspark.tools.windows."""
        canvas = (self.width or source[0], self.height or source[1])
        return rounds(canvas, self.place_of(*source), window)

    def drawings(self, model: Model, source: Source | None = None) -> int:
        return sum(self._windows(model, source))

    def load(self, model: Model, source: Source | None, images: int) -> Load:
        windows = self._windows(model, source)
        calls = sum(calls_for(images * together, model.wave_size) for together in windows)
        written = images * megapixels(self.width or MAX_RESULT_SIDE, self.height or MAX_RESULT_SIDE)
        return Load(
            steps=calls * (self.steps or model.default_steps),
            calls=calls,
            repaints=calls,
            images=images,
            written=written,
        )

    def _windows(self, model: Model, source: Source | None) -> list[int]:
        """The number of windows in each round."""
        if source is None:
            return [1]
        return [len(boxes) for boxes in self.rounds((source.width, source.height), sides(model.default_size))]

    def _sides(self, source: Source) -> tuple[int, int]:
        if not self.aspect:
            return self.width or source.width, self.height or source.height
        across, down = (int(part) for part in self.aspect.split(":"))
        scale = max(source.width / across, source.height / down)
        return round(scale * across), round(scale * down)
