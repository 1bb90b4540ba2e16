"""Terms of pictures: what a maker may do with them and whom to credit, by the licences of a model and its style."""

from dataclasses import dataclass
from functools import lru_cache

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import find_model
from craftspark.models.licences import LICENCES, Licence
from craftspark.models.model import Model, Style


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the licences say about a picture. `usage` and `credit` are texts for makers, in sentences.

    `credits` are those who have to be credited, `licences` those of the model and of the style, without repetitions.
    """

    commercial: bool
    usage: str
    credits: tuple[str, ...]
    licences: tuple[Licence, ...]

    @property
    def credit(self) -> str:
        """Whom to credit, in sentences. Empty if nobody has to be credited."""
        return " ".join(f"Credit {names} if you publish it." for names in self.credits)

    @property
    def text(self) -> str:
        """Usage and credit in one paragraph."""
        return f"{self.usage} {self.credit}".rstrip()


NOT_LISTED = Terms(
    commercial=False,
    usage="The model of this picture is no longer listed: ask the operator of this service for its licence.",
    credits=(),
    licences=(),
)


@lru_cache(maxsize=256)  # each read of a job asks twice, for the answer and for its tag
def find_terms(model: str, style: str | None = None) -> Terms:
    """The terms of pictures of the catalogue entry with this name."""
    try:
        return terms_of(find_model(model), style)
    except ModelUnavailable:
        return NOT_LISTED


def terms_of(model: Model, style_name: str | None = None) -> Terms:
    """The terms of pictures that a model draws, or that an upscaler makes. A style that the catalogue no longer has
    adds nothing.
    """
    style = next((style for style in model.styles if style.name == style_name), None)
    entries: list[Model | Style] = [model, style] if style else [model]
    licences = tuple(dict.fromkeys(LICENCES[entry.licence] for entry in entries))
    return Terms(
        commercial=all(licence.commercial for licence in licences),
        usage=_describe_usage(licences),
        credits=tuple(entry.credit for entry in entries if entry.credit),
        licences=licences,
    )


def _describe_usage(licences: tuple[Licence, ...]) -> str:
    forbidding = [licence.title for licence in licences if not licence.commercial]
    if forbidding:
        usage = (
            "You may use and change this picture. Commercial use needs permission that its licence does not give "
            f"({', '.join(forbidding)}): ask the operator of this service."
        )
    else:
        usage = "You may use, change, print and sell this picture, also on products."
    limits = [f"{licence.title} ({licence.source})" for licence in licences if licence.restrictions]
    return f"{usage} Uses that the licence forbids are excluded: {', '.join(limits)}." if limits else usage
