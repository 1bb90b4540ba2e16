"""Pattern: a tile that repeats without a seam, painted as one image or composed of scattered motifs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints

from craftspark.models.capabilities import Need
from craftspark.models.model import Model
from craftspark.models.prices import credits_for_work
from craftspark.models.work import ENLARGED, MAX_CUT_SIDE, Load, megapixels, upscaler_megapixels
from craftspark.parsing.forms import form
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.palette import Palette, SourceUse, contradictions_of_colours, contradictions_of_use
from craftspark.tools.request import DrawingRequest, OptionalPrompt, Prompt, SourceReference, sides
from craftspark.tools.sheet import CM_PER_INCH, Sheet
from craftspark.tools.sources import Source, only
from craftspark.tools.toss import MAX_MOTIFS, Repeat, Toss, widest

Way = Literal["tossed", "painted"]
BACKGROUND = form(r"^(#[0-9a-fA-F]{6}|transparent)$", "transparent, or a colour as #rrggbb, such as #ff8800")
Background = Annotated[str, StringConstraints(pattern=BACKGROUND, to_lower=True)]
STRENGTH = 0.3  # the subject of a source stays recognisable: see the measurement in docs/design.md
WHITE = "#ffffff"
TILE_PIXELS = 1024  # side of a tossed tile
MAX_MIRRORED = 2048  # longer side of a source that is mirrored; the repeat has twice its width and height
RECOLOURED = 0.25  # megapixels that take as long to recolour as a motif to cut out


class PatternRequest(DrawingRequest):
    """A request for tiles that repeat without a seam, each with a print-ready sheet."""

    work_fields: ClassVar[tuple[str, ...]] = ("count", "steps", "also", "sheet")

    prompt: OptionalPrompt = Field(
        "", description="What the pattern shows. Required unless `source` is set.", examples=["sunflower"]
    )
    source: SourceReference | None = Field(
        None,
        description="Image to make the pattern from: `<job_id>/<index>` for an image of one of your jobs, or "
        "`upload/<upload_id>` for an upload. A tossed pattern uses the object in it as its first motif, unchanged: a "
        "transparent background stays, another one is removed. A painted pattern draws the image again, or mirrors it "
        "unchanged with `repeat` set to `mirror` and neither `prompt` nor `strength`. Images that draw nothing have a "
        "lower price.",
    )
    source_use: SourceUse = Field(
        "picture",
        description="What the source is for: `picture` for the motif or the painted image, `palette` only for the "
        "colours. The up to six main colours of the source are then used as `palette`.",
    )
    strength: float | None = Field(
        None,
        ge=0.1,
        le=0.95,
        description="How much a painted pattern may differ from the source: 0.1 is almost the same, 0.95 is almost "
        "new. At least one step is drawn. Only with `source` and `way` set to `painted`, where the default is "
        "0.3. The built-in model keeps the subject recognisable up to 0.35.",
    )
    also: Annotated[tuple[Prompt, ...], Field(max_length=3)] = Field(
        (),
        description="Prompts of further motifs. Only with `way` set to `tossed`. A tile has at most four motifs, that "
        "of the source included.",
        examples=[["bee"]],
    )
    way: Way = Field(
        "tossed",
        description="Composition of the tile: `tossed` scatters cut-out motifs, which stay recognisable; `painted` "
        "draws one borderless image, in which a prompt can become an abstract texture.",
    )
    repeat: Repeat = Field(
        "straight",
        description="How the tile repeats: `straight` in rows and columns; `half-drop` with every second column moved "
        "down by half a tile; `brick` with every second row moved right by half a tile. Only with `way` set to "
        "`painted`: `mirror` with every second column and row mirrored, or `x` or `y` in one direction. The delivered "
        "image has as many tiles as needed to repeat in straight rows and columns in any program.",
    )
    background: Background | None = Field(
        None,
        description="Background of tossed motifs: `#rrggbb` or `transparent`. Only with `way` set to `tossed`, where "
        "the default is white.",
    )
    palette: Palette | None = Field(
        None,
        description="The only colours of the motifs or of the painted image, each `#rrggbb`. The main colours of the "
        "image are replaced by them, light colours by light ones. `background` is not changed. A painted image needs "
        "at least two. Default: the colours of the image.",
        examples=[["#1d3557", "#e63946", "#f1faee"]],
    )
    toss: Toss | None = Field(
        None,
        description="Placement of tossed motifs. Only with `way` set to `tossed`. Default: the defaults of its fields.",
    )
    sheet: Sheet | None = Field(None, description="The print-ready sheet. Default: 10 x 10 cm.")

    def for_model(self, model: Model) -> Self:
        if not (self.prompt or self.picture):
            refuse(
                [Contradiction("the pattern has neither a prompt nor a source; set one of them", ("prompt", "source"))]
            )
        sheet = self.sheet or Sheet()
        if not self.mirrors_source:
            sheet = sheet.with_defaults(self.repeat, aspect_of(model))
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

    def for_sources(self, sources: Sequence[Source]) -> Self:
        if not self.mirrors_source:
            return self
        [source] = sources
        aspect = source.height / source.width
        sheet = (self.sheet or Sheet()).with_defaults(self.repeat, aspect)
        sheet.check()
        refuse(sheet.contradictions(self.repeat, aspect))
        return self.model_copy(update={"sheet": sheet})

    def needs(self) -> Iterator[Need]:
        if self.mirrors_source:
            return
        painted = self.way == "painted"
        if self.picture and painted:
            yield Need("redraw", "source", "remove source, or set way to `tossed`")
        elif self.motifs:
            yield Need("draw")
        if painted and self.repeat != "mirror":
            yield Need("seamless", "way", "set way to `tossed` or repeat to `mirror`")

    @property
    def picture(self) -> str | None:
        """The reference to the source, if the pattern shows it."""
        return self.source if self.source_use == "picture" else None

    @property
    def recolours(self) -> bool:
        """Whether the pattern has only the colours of a palette."""
        return bool(self.palette) or self.source_use == "palette"

    @property
    def mirrors_source(self) -> bool:
        """Whether the source is mirrored unchanged."""
        unchanged = bool(self.picture) and not self.prompt and self.strength is None
        return unchanged and self.way == "painted" and self.repeat == "mirror"

    @property
    def draws(self) -> bool:
        """Whether the model draws anything."""
        return not self.mirrors_source and (self.way == "painted" or bool(self.motifs))

    @property
    def drawing_strength(self) -> float | None:
        redraws = self.picture and self.way == "painted" and not self.mirrors_source
        return self.strength or STRENGTH if redraws else self.strength

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        yield from super().contradictions(model)
        yield from self._between_ways()
        yield from self._of_motifs()
        yield from contradictions_of_colours(self.palette or (), painted=self.way == "painted")
        yield from contradictions_of_use(self.source_use, has_source=bool(self.source), has_palette=bool(self.palette))
        if self.strength and not self.picture:
            yield Contradiction("strength needs a source; remove strength or set source", ("strength", "source"))
        if not self.draws:
            for field in ("style", "preset", "negative_prompt"):
                if getattr(self, field):
                    yield Contradiction(
                        f"{field} has no effect, because the source is used unchanged; remove {field} or set prompt",
                        (field, "source"),
                    )
        if not self.mirrors_source:
            sheet = (self.sheet or Sheet()).with_defaults(self.repeat, aspect_of(model))
            yield from sheet.contradictions(self.repeat, aspect_of(model))

    def _of_motifs(self) -> Iterator[Contradiction]:
        if self.way != "tossed":
            return
        toss, count = self.toss or Toss(), self.motif_count
        if count > MAX_MOTIFS:
            detail = f"the source, the prompt and also are {count} motifs, and a tile has at most {MAX_MOTIFS}"
            yield Contradiction(f"{detail}; remove prompts from also or remove source", ("also", "source"))
        elif not toss.has_room_for(count, self.repeat):
            yield Contradiction(
                f"{count} motifs of at least {toss.smallest:g} of the tile's side, {toss.spacing:g} apart,"
                f" do not fit on one tile: size and gap together can be at most"
                f" {widest(count, self.repeat):.2f}; reduce toss.size, toss.spacing or the number of motifs"
                " in also",
                ("also", "toss.size", "toss.spacing"),
            )

    def _between_ways(self) -> Iterator[Contradiction]:
        if self.way == "tossed":
            if self.strength and self.picture:
                detail = "strength needs way `painted`, because a motif is not redrawn; remove strength or set way"
                yield Contradiction(detail, ("strength", "way"))
            if self.repeat in ("x", "y", "mirror"):
                detail = f"repeat `{self.repeat}` needs way `painted`; set way or choose another repeat"
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

    @property
    def motifs(self) -> tuple[str, ...]:
        """The prompts of the motifs that are drawn for a tossed pattern."""
        return tuple(prompt for prompt in (self.prompt, *self.also) if prompt)

    @property
    def motif_count(self) -> int:
        """The number of motifs on a tossed tile: that of the source, and those that are drawn."""
        return len(self.motifs) + bool(self.picture)

    @property
    def words(self) -> dict[str, str]:
        return {**super().words, **{f"also.{number}": prompt for number, prompt in enumerate(self.also)}}

    def drawings(self, model: Model, sources: Sequence[Source] = ()) -> int:
        if self.way == "tossed":
            return len(self.motifs)
        return 0 if self.mirrors_source else 1

    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        if self.draws:
            return super().credits_per_image(model, sources)
        return credits_for_work(model, self.load(model, sources, 1))

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        drawn = super().load(model, sources, images)
        if self.way == "tossed":
            return self._tossed_load(drawn, model, only(sources))
        return self._painted_load(drawn, model, only(sources))

    def _tossed_load(self, drawn: Load, model: Model, source: Source | None) -> Load:
        images, tile = drawn.images, TILE_PIXELS**2 / 1e6
        enlarged = len(self.motifs) * upscaler_megapixels(*sides(model.default_size), model.upscaler.reach)
        cuts = len(self.motifs)
        if self.picture and not (source and source.alpha):
            cuts += 1
            width, height = (source.width, source.height) if source else (MAX_CUT_SIDE // ENLARGED,) * 2
            if max(width, height) * 2 <= MAX_CUT_SIDE:
                enlarged += upscaler_megapixels(width, height, model.upscaler.reach)
        recoloured = self.motif_count if self.recolours else 0
        return replace(
            drawn,
            enlarged=images * enlarged,
            cuts=images * (cuts + recoloured),
            painted=images * tile,
            written=images * (tile + self._sheet_megapixels),
        )

    def _painted_load(self, drawn: Load, model: Model, source: Source | None) -> Load:
        images, reach, steps = drawn.images, model.upscaler.reach, drawn.steps * self.drawn_share(model)
        (width, height), tile = sides(model.default_size), TILE_PIXELS**2 / 1e6
        mirrored = self.repeat == "mirror"
        around = 0 if mirrored else 2 * reach
        enlarged = upscaler_megapixels(width + around, height + around, reach)
        if self.mirrors_source:
            longer = max(source.width, source.height) if source else MAX_MIRRORED
            shrunk = min(1, MAX_MIRRORED / longer)
            tile = megapixels(*(side * shrunk for side in (source.width, source.height))) if source else longer**2 / 1e6
            enlarged = 0
        delivered = tile * 4 if mirrored else tile
        return replace(
            drawn,
            steps=steps if mirrored else 0,
            seamless_steps=0 if mirrored else steps * self._canvas(model),
            redraws=drawn.calls if self.picture else 0,
            enlarged=images * enlarged,
            cuts=images * ceil(tile / RECOLOURED) if self.recolours else 0,
            painted=images * delivered,
            written=images * (delivered + self._sheet_megapixels),
        )

    def _canvas(self, model: Model) -> float:
        """The area of a tile with its margins, compared with a tile that repeats in both directions."""
        return 1 / (1 + 2 * model.tile_margins) if self.repeat in ("x", "y") else 1

    @property
    def _sheet_megapixels(self) -> float:
        """The megapixels of the sheet's files, and of the repeat that is composed for it."""
        page = (self.sheet or Sheet()).with_defaults(self.repeat, 1)
        dots = page.dpi / CM_PER_INCH
        sheet = megapixels(page.page_cm("width") * dots, page.page_cm("height") * dots) * (2 if page.has_margins else 1)
        return sheet + (megapixels(page.cm("repeat") * dots, page.cm("repeat") * dots) if self.way == "tossed" else 0)


def aspect_of(model: Model) -> float:
    """The aspect of a tile that the model paints: height over width."""
    width, height = sides(model.default_size)
    return height / width
