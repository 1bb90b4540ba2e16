"""Pattern: a tile that repeats without a seam, painted as one image or composed of scattered motifs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from craftspark.errors import InvalidInput
from craftspark.models.capabilities import Need
from craftspark.models.model import Model
from craftspark.models.work import Load, megapixels, upscaler_megapixels
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.request import DrawingRequest, OptionalPrompt, Prompt, SourceReference, sides
from craftspark.tools.sources import Source
from craftspark.tools.toss import Repeat, Toss, widest

Way = Literal["tossed", "painted"]
Background = Annotated[str, StringConstraints(pattern=r"^(#[0-9a-fA-F]{6}|transparent)$", to_lower=True)]
CM_PER_INCH = 2.54
MAX_CM = 42.0  # A3
MIN_CM = 1.0
STRENGTH = 0.5
TOLERANCE_CM = 0.005  # less than a dot
ONE_DIRECTION: dict[str, Repeat] = {"height": "x", "width": "y"}  # the direction in which a sheet has one tile
WHITE = "#ffffff"
DPI = 300
TILE_PIXELS = 1024  # side of a tossed tile


class Sheet(BaseModel):
    """A print-ready sheet at 300 dpi. Each length is 1 to 42 cm."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    width: float | None = Field(
        None,
        gt=0,
        description="Width of the sheet. Default: 10, or the width of one repeat if that is larger. With `repeat` `y`, "
        "the width of one repeat.",
    )
    height: float | None = Field(
        None,
        gt=0,
        description="Height of the sheet. Default: 10, or the height of one repeat if that is larger. With `repeat` "
        "`x`, the height of one repeat.",
    )
    repeat: float | None = Field(
        None,
        gt=0,
        description="Width of one repeat of the pattern. Default: 5, or the shorter side of the sheet if that is "
        "smaller.",
    )
    unit: Literal["cm", "inch"] = Field("cm", description="Unit of width, height and repeat.")

    def cm(self, name: Literal["width", "height", "repeat"]) -> float:
        """A length in centimetres of a sheet that `with_defaults` returned."""
        return float(getattr(self, name)) * (CM_PER_INCH if self.unit == "inch" else 1)

    def with_defaults(self, repeat: Repeat, aspect: float) -> Self:
        """The sheet with every length, for tiles of this aspect, height over width.

        A pattern that repeats in one direction is one tile high (`x`) or wide (`y`).
        """
        repeat_width = self.repeat or min([5.0, *(side for side in (self.width, self.height) if side)])
        width = self.width or max(10.0, repeat_width)
        height = self.height or max(10.0, repeat_width * aspect)
        if repeat == "x" and not self.height:
            height = repeat_width * aspect
        if repeat == "y" and not self.width:
            width = repeat_width
        return self.model_copy(update={"width": width, "height": height, "repeat": repeat_width})

    def check(self) -> None:
        """Raise InvalidInput for a sheet from `with_defaults` that is too small or larger than A3."""
        for name in ("width", "height", "repeat"):
            length = self.cm(name)
            if not MIN_CM <= length <= MAX_CM:
                raise InvalidInput(
                    f"{length:g} cm is outside the range of {MIN_CM:g} to {MAX_CM:g} cm", field=f"sheet.{name}"
                )

    def contradictions(self, repeat: Repeat, aspect: float) -> Iterator[Contradiction]:
        """Contradictions between the lengths of a sheet from `with_defaults`, for tiles of this aspect."""
        tile = {"width": self.cm("repeat"), "height": self.cm("repeat") * aspect}
        for name in ("width", "height"):
            side, one = self.cm(name), tile[name]
            if side < one - TOLERANCE_CM:
                yield Contradiction(
                    f"the {name} of one repeat is {one:g} cm, more than that of the sheet, {side:g} cm; reduce "
                    f"sheet.repeat or increase sheet.{name}",
                    ("sheet.repeat", f"sheet.{name}"),
                )
            if repeat == ONE_DIRECTION.get(name) and side > one + TOLERANCE_CM:
                yield Contradiction(
                    f"with repeat `{repeat}` the {name} of the sheet is that of one tile, {one:g} cm; remove "
                    f"sheet.{name} or choose another repeat",
                    (f"sheet.{name}", "repeat"),
                )


class PatternRequest(DrawingRequest):
    """A request for tiles that repeat without a seam, each with a print-ready sheet."""

    work_fields: ClassVar[tuple[str, ...]] = ("count", "steps", "also", "sheet")

    prompt: OptionalPrompt = Field(
        "", description="What the pattern shows. Required unless `source` is set.", examples=["sunflower"]
    )
    source: SourceReference | None = Field(
        None,
        description="Image to make the pattern from: `<job_id>/<index>` for an image of one of your jobs, or "
        "`upload/<upload_id>` for an upload. Only with `way` set to `painted`.",
    )
    strength: float | None = Field(
        None,
        ge=0.1,
        le=0.95,
        description="How much the pattern may differ from the source: 0.1 is almost the same, 0.95 is almost new. Only "
        "with `source`, where the default is 0.5.",
    )
    also: Annotated[tuple[Prompt, ...], Field(max_length=3)] = Field(
        (),
        description="Prompts of further motifs. Only with `way` set to `tossed`.",
        examples=[["bee"]],
    )
    way: Way = Field(
        "tossed",
        description="Composition of the tile: `tossed` scatters cut-out motifs, `painted` draws one borderless image.",
    )
    repeat: Repeat = Field(
        "straight",
        description="How the tile repeats: `straight` in rows and columns; `half-drop` with every second column moved "
        "down by half a tile; `brick` with every second row moved right by half a tile; `x` or `y` in one direction, "
        "only with `way` set to `painted`.",
    )
    background: Background | None = Field(
        None,
        description="Background of tossed motifs: `#rrggbb` or `transparent`. Only with `way` set to `tossed`, where "
        "the default is white.",
    )
    toss: Toss | None = Field(
        None,
        description="Placement of tossed motifs. Only with `way` set to `tossed`. Default: the defaults of its fields.",
    )
    sheet: Sheet | None = Field(None, description="The print-ready sheet. Default: 10 x 10 cm.")

    def for_model(self, model: Model) -> Self:
        if not (self.prompt or self.source):
            refuse(
                [Contradiction("the pattern has neither a prompt nor a source; set one of them", ("prompt", "source"))]
            )
        sheet = self._sheet(model)
        sheet.check()
        tossed = self.way == "tossed"
        return (
            super()
            .for_model(model)
            .model_copy(
                update={
                    "toss": self.toss or Toss() if tossed else None,
                    "background": self.background or WHITE if tossed else None,
                    "sheet": sheet,
                    "strength": self.drawing_strength,
                }
            )
        )

    def needs(self) -> Iterator[Need]:
        if self.source:
            yield Need("redraw", "source", "remove source")
        else:
            yield Need("draw")
        if self.way == "painted":
            yield Need("seamless", "way", "set way to `tossed`" + (" and remove source" if self.source else ""))

    @property
    def wanted_source(self) -> str | None:
        return self.source

    @property
    def drawing_strength(self) -> float | None:
        return self.strength or STRENGTH if self.source else None

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        yield from super().contradictions(model)
        yield from self._between_ways()
        if self.strength and not self.source:
            yield Contradiction("strength needs a source; remove strength or set source", ("strength", "source"))
        toss = self.toss or Toss()
        if self.way == "tossed" and not toss.has_room_for(len(self.motifs), self.repeat):
            yield Contradiction(
                f"{len(self.motifs)} motifs of at least {toss.smallest:g} of the tile's side, {toss.spacing:g} apart,"
                f" do not fit on one tile: size and gap together can be at most"
                f" {widest(len(self.motifs), self.repeat):.2f}; reduce toss.size, toss.spacing or the number of motifs"
                " in also",
                ("also", "toss.size", "toss.spacing"),
            )
        yield from self._sheet(model).contradictions(self.repeat, aspect_of(model))

    def _between_ways(self) -> Iterator[Contradiction]:
        if self.way == "tossed":
            if self.source:
                yield Contradiction("a source needs way `painted`; set way or remove source", ("way", "source"))
            if self.repeat in ("x", "y"):
                detail = "repeat `x` and `y` need way `painted`; set way or choose another repeat"
                yield Contradiction(detail, ("repeat", "way"))
            return
        if self.also:
            detail = "a painted pattern has one prompt; remove also or set way to `tossed`"
            yield Contradiction(detail, ("also", "way"))
        if self.toss:
            yield Contradiction("toss needs way `tossed`; remove toss or set way", ("toss", "way"))
        if self.background:
            detail = "background needs way `tossed`; remove background or set way"
            yield Contradiction(detail, ("background", "way"))

    def _sheet(self, model: Model) -> Sheet:
        return (self.sheet or Sheet()).with_defaults(self.repeat, aspect_of(model))

    @property
    def motifs(self) -> tuple[str, ...]:
        """The prompts of a tossed pattern's motifs."""
        return (self.prompt, *self.also)

    @property
    def words(self) -> dict[str, str]:
        return {**super().words, **{f"also.{number}": prompt for number, prompt in enumerate(self.also)}}

    def drawings(self, model: Model, source: Source | None = None) -> int:
        return len(self.motifs)

    def load(self, model: Model, source: Source | None, images: int) -> Load:
        drawn = super().load(model, source, images)
        width, height = sides(model.default_size)
        tile = TILE_PIXELS**2 / 1e6
        written = images * (tile + self._sheet_megapixels)
        if self.way == "tossed":
            drawings = images * len(self.motifs)
            enlarged = drawings * upscaler_megapixels(width, height, model.upscaler.reach)
            return replace(drawn, enlarged=enlarged, cuts=drawings, painted=images * tile, written=written)
        reach = model.upscaler.reach
        return replace(
            drawn,
            steps=0,
            seamless_steps=drawn.steps * (self.strength or 1) * self._canvas(model),
            redraws=drawn.calls if self.source else 0,
            enlarged=images * upscaler_megapixels(width + 2 * reach, height + 2 * reach, reach),
            painted=images * tile,
            written=written,
        )

    def _canvas(self, model: Model) -> float:
        """The area of a tile with its margins, compared with a tile that repeats in both directions."""
        return 1 / (1 + 2 * model.tile_margins) if self.repeat in ("x", "y") else 1

    @property
    def _sheet_megapixels(self) -> float:
        """The megapixels of the sheet, and of the repeat that is composed for it."""
        page, dots = self.sheet or Sheet(width=10, height=10, repeat=5), DPI / CM_PER_INCH
        sheet = megapixels(page.cm("width") * dots, page.cm("height") * dots)
        return sheet + (megapixels(page.cm("repeat") * dots, page.cm("repeat") * dots) if self.way == "tossed" else 0)


def aspect_of(model: Model) -> float:
    """The aspect of a tile that the model paints: height over width."""
    width, height = sides(model.default_size)
    return height / width
