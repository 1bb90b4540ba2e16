"""Pattern: a tile that repeats without a seam, painted as one or tossed from motifs."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from craftspark.catalogue import Model
from craftspark.errors import InvalidInput
from craftspark.sources import Source
from craftspark.tools.request import DrawingRequest, OptionalPrompt, Prompt, SourceReference, check_strength

Repeat = Literal["straight", "half-drop", "brick", "x", "y"]
Way = Literal["tossed", "painted"]
CM_PER_INCH = 2.54
LONGEST_CM = 42.0  # A3
SHORTEST_CM = 1.0
STRENGTH = 0.5


class Toss(BaseModel):
    """How motifs lie on a tile. Lengths are shares of the tile's side, angles are degrees."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    size: float = Field(0.24, ge=0.05, le=0.5, description="A motif's longer side, as a share of the tile's.")
    size_spread: float = Field(0.3, ge=0, le=0.9, description="How much smaller the smallest is than the largest.")
    rotation: float = Field(180, ge=0, le=180, description="Turned by up to so many degrees to either side.")
    density: float = Field(0.7, gt=0, le=1, description="Of the motifs that have room, the share that is laid down.")
    spacing: float = Field(0.02, ge=0, le=0.3, description="The least gap between two, as a share of the tile's side.")


class Sheet(BaseModel):
    """A print-ready sheet at 300 dots an inch."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    width: float = Field(10, gt=0, description="Of the sheet.")
    height: float = Field(10, gt=0, description="Of the sheet.")
    repeat: float = Field(5, gt=0, description="The width of one repeat of the pattern.")
    unit: Literal["cm", "inch"] = "cm"

    def cm(self, name: Literal["width", "height", "repeat"]) -> float:
        return float(getattr(self, name)) * (CM_PER_INCH if self.unit == "inch" else 1)

    def check(self) -> None:
        """Raise InvalidInput, naming the field, for a sheet that is too small or larger than A3."""
        for name in ("width", "height", "repeat"):
            length = self.cm(name)
            if not SHORTEST_CM <= length <= LONGEST_CM:
                raise InvalidInput(f"{SHORTEST_CM:g} to {LONGEST_CM:g} cm, not {length:g} cm", field=f"sheet.{name}")


class PatternRequest(DrawingRequest):
    """Make `count` tiles that repeat without a seam."""

    prompt: OptionalPrompt = Field("", description="What the pattern shows.", examples=["sunflower"])
    source: SourceReference | None = Field(
        None, description="A picture that becomes the pattern, painted; see the tool variations."
    )
    strength: float | None = Field(
        None, ge=0.1, le=0.95, description="How far a pattern may leave its source: 0.5 when absent."
    )
    also: Annotated[tuple[Prompt, ...], Field(max_length=3)] = Field(
        (), description="More motifs, tossed in turn with the first.", examples=[["bee"]]
    )
    way: Way = Field(
        "tossed", description="`tossed`: motifs, cut out and scattered. `painted`: one picture without a border."
    )
    repeat: Repeat = Field(
        "straight",
        description="`half-drop` moves every second column down by half, `brick` every second row to the right by "
        "half; `x` and `y` repeat in one direction only, painted patterns alone.",
    )
    background: str = Field(
        "#ffffff", pattern=r"^(#[0-9a-f]{6}|transparent)$", description="Behind tossed motifs: #rrggbb or transparent."
    )
    toss: Toss | None = Field(None, description="How tossed motifs lie; a lively toss when absent.")
    sheet: Sheet | None = Field(None, description="The print-ready sheet; 10 x 10 cm when absent.")

    def for_model(self, model: Model) -> Self:
        self._check()
        strength = self.strength or STRENGTH if self.source else None
        sheet = self.sheet or Sheet()
        sheet.check()
        toss = self.toss or Toss() if self.way == "tossed" else None
        filled = super().for_model(model).model_copy(update={"toss": toss, "sheet": sheet, "strength": strength})
        if strength:
            check_strength(filled.steps or 0, strength)
        return filled

    @property
    def wanted_source(self) -> str | None:
        return self.source

    def _check(self) -> None:
        if not (self.prompt or self.source):
            raise InvalidInput("say what the pattern shows, or name a source", field="prompt")
        if self.source and self.way == "tossed":
            raise InvalidInput("a source becomes a painted pattern; choose way painted", field="way")
        if self.strength and not self.source:
            raise InvalidInput("this is for patterns from a source; leave it out, or name one", field="strength")
        if self.way == "tossed" and self.repeat in ("x", "y"):
            raise InvalidInput("tossed motifs repeat both ways; for x or y alone, choose way painted", field="repeat")
        if self.way == "painted" and self.also:
            raise InvalidInput("a painted pattern has one prompt; name all in it, or choose tossed", field="also")
        if self.way == "painted" and self.toss:
            raise InvalidInput("this is for tossed patterns; leave it out, or choose tossed", field="toss")
        if self.way == "painted" and self.background == "transparent":
            raise InvalidInput("a painted pattern is opaque; leave it out, or choose tossed", field="background")

    @property
    def motifs(self) -> tuple[str, ...]:
        """The prompts of a tossed pattern's motifs."""
        return (self.prompt, *self.also)

    @property
    def words(self) -> dict[str, str]:
        return {**super().words, **{f"also.{number}": prompt for number, prompt in enumerate(self.also)}}

    def drawings(self, model: Model, source: Source | None = None) -> int:
        return len(self.motifs)
