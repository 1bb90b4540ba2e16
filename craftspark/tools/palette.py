"""The colours of a pattern: given, or those of a picture."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from craftspark.tools.contradictions import Contradiction
from craftspark.tools.request import Colour

MAX_COLOURS = 6

Palette = Annotated[tuple[Colour, ...], Field(min_length=1, max_length=MAX_COLOURS)]
SourceUse = Literal["picture", "palette"]


def contradictions_of_colours(palette: Sequence[str], *, painted: bool) -> Iterator[Contradiction]:
    """Equal colours of a palette, and a palette that leaves a painted picture blank."""
    for number, colour in enumerate(palette):
        first = palette.index(colour)
        if first < number:
            detail = f"palette has {colour} twice; remove one of them"
            yield Contradiction(detail, (f"palette.{first}", f"palette.{number}"))
    if len(palette) == 1 and painted:
        detail = "a painted pattern in one colour is blank; add a colour to palette or set way to `tossed`"
        yield Contradiction(detail, ("palette", "way"))


def contradictions_of_use(use: SourceUse, *, has_source: bool, has_palette: bool) -> Iterator[Contradiction]:
    """A palette from a source that is missing, and two palettes."""
    if use == "palette" and not has_source:
        detail = "source_use `palette` needs a source; set source or remove source_use"
        yield Contradiction(detail, ("source_use", "source"))
    if use == "palette" and has_palette:
        detail = "the colours are those of the source or of palette; remove palette or source_use"
        yield Contradiction(detail, ("palette", "source_use"))
