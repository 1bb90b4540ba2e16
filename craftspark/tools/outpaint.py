"""Outpaint: an existing image, extended beyond its edges."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Literal, Self

from pydantic import Field

from craftspark.errors import InvalidInput
from craftspark.models.capabilities import Need
from craftspark.models.enlarging import enlarging_megapixels
from craftspark.models.model import Model
from craftspark.models.prices import credits_for_work
from craftspark.models.work import Load, calls_for, megapixels
from craftspark.parsing.forms import form
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.request import SOURCE, DrawingRequest, OptionalPrompt, SourceReference, sides
from craftspark.tools.sources import Source, only
from craftspark.tools.windows import Box, choose_size, fit_into, split_canvas

Anchor = Literal["centre", "left", "right", "top", "bottom", "top-left", "top-right", "bottom-left", "bottom-right"]
ASPECT = form(r"^[1-9][0-9]?:[1-9][0-9]?$", "an aspect ratio of whole numbers below 100, such as 16:9")
MAX_RESULT_SIDE = 2048  # pixels per side


class OutpaintRequest(DrawingRequest):
    """A request to extend an existing image beyond its edges. The image itself does not change.

    Without a prompt, a plain, smooth or repeating ground continues, and a transparent one stays transparent. A model
    draws what is left, unless it can only draw single objects: then the ground at an edge is mirrored, and an object
    that the edge cuts off is rounded off.
    """

    work_fields: ClassVar[tuple[str, ...]] = ("count", "steps", "width", "height")

    source: SourceReference = Field(description=SOURCE)
    prompt: OptionalPrompt = Field(
        "",
        description="What the new area or the whole image shows. With a prompt, the new area is drawn. Default: it "
        "continues the source, whose plain, smooth, repeating or transparent ground is not drawn again.",
        examples=["meadow"],
    )
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
        pattern=ASPECT,
        description="Aspect ratio of the result, width:height. The result is the smallest one that contains the "
        "source. Cannot be combined with `width` or `height`.",
        examples=["16:9"],
    )
    anchor: Anchor = Field("centre", description="Position of the source in the result.")
    left: int | None = Field(
        None,
        ge=0,
        le=MAX_RESULT_SIDE,
        description="Distance of the source from the left edge of the result, in pixels. Cannot be combined with "
        "`anchor`. Default: as `anchor` says.",
    )
    top: int | None = Field(
        None,
        ge=0,
        le=MAX_RESULT_SIDE,
        description="Distance of the source from the top edge of the result, in pixels. Cannot be combined with "
        "`anchor`. Default: as `anchor` says.",
    )

    def needs(self) -> Iterator[Need]:
        yield Need("repaint")

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
        offsets = tuple(name for name in ("left", "top") if getattr(self, name) is not None)
        if offsets and self.anchor != "centre":
            yield Contradiction(
                f"anchor cannot be combined with {offsets[0]}; remove one of them", ("anchor", *offsets)
            )
        if not self.draws(model):
            for field in ("style", "negative_prompt"):
                if getattr(self, field):
                    detail = f"{field} has no effect, because {model.name} continues the source without drawing"
                    yield Contradiction(f"{detail}; remove {field} or set prompt", (field, "prompt"))

    def for_sources(self, sources: Sequence[Source]) -> Self:
        [source] = sources
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
        rooms = (("left", self.left, width - source.width), ("top", self.top, height - source.height))
        for field, offset, room in rooms:
            if offset is not None and offset > room:
                detail = f"{field} is at most {room} pixels here, the room that the result has beside the source"
                refuse([Contradiction(f"{detail}; reduce {field}", (field, "source"))])
        return self.model_copy(update={"width": width, "height": height, "aspect": None})

    def place_of(self, width: int, height: int) -> Box:
        """The position of a source with this width and height in the result."""
        room_across, room_down = (self.width or width) - width, (self.height or height) - height
        left = 0 if "left" in self.anchor else room_across if "right" in self.anchor else room_across // 2
        top = 0 if "top" in self.anchor else room_down if "bottom" in self.anchor else room_down // 2
        left = left if self.left is None else self.left
        top = top if self.top is None else self.top
        return Box(left, top, left + width, top + height)

    def canvas(self, source: Source) -> tuple[int, int]:
        """The size (width, height) of the result."""
        return self.width or source.width, self.height or source.height

    def drawing_size(self, model: Model, source: Source) -> tuple[int, int]:
        """The size (width, height) of the model's drawings."""
        width, height = self.canvas(source)
        return choose_size(width / height, model.sizes)

    def parts(self, model: Model, source: Source) -> tuple[Box, ...]:
        """The parts of the canvas that are drawn one after the other; see craftspark.tools.windows."""
        place = self.place_of(source.width, source.height)
        return split_canvas(self.canvas(source), place, self.drawing_size(model, source))

    def draws(self, model: Model) -> bool:
        """Whether the model may have to draw. Only the worker knows if the ground of a source can be continued."""
        return bool(self.prompt) or model.draws_scenes

    def drawings(self, model: Model, sources: Sequence[Source] = ()) -> int:
        if not self.draws(model):
            return 0
        source = only(sources)
        return len(self.parts(model, source)) if source else 1

    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        drawn = super().credits_per_image(model, sources) if self.draws(model) else 1
        if not sources:
            return drawn
        # What is not drawn takes time too, and a canvas that is drawn never costs less than the same one that is not.
        rest = replace(self.load(model, sources, 1), steps=0, calls=0, repaints=0)
        return max(drawn, credits_for_work(model, rest))

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        source = only(sources)
        canvas = self.canvas(source) if source else (MAX_RESULT_SIDE, MAX_RESULT_SIDE)
        size = self.drawing_size(model, source) if source else sides(model.default_size)
        parts = [part.size for part in self.parts(model, source)] if source else [canvas]
        if not self.draws(model):
            parts = []
        calls = calls_for(images, model.wave_size) * len(parts)
        enlarged = sum(enlarging_megapixels(fit_into(part, size), part, model.upscaler.reach) for part in parts)
        scale = megapixels(*size) / megapixels(*sides(model.default_size))
        return Load(
            steps=calls * (self.steps or model.default_steps) * scale,
            calls=calls,
            repaints=calls,
            enlarged=images * enlarged,
            painted=images * megapixels(*canvas),
            images=images,
            written=images * megapixels(*canvas),
        )

    def _sides(self, source: Source) -> tuple[int, int]:
        if not self.aspect:
            return self.width or source.width, self.height or source.height
        across, down = (int(part) for part in self.aspect.split(":"))
        scale = max(source.width / across, source.height / down)
        return round(scale * across), round(scale * down)
