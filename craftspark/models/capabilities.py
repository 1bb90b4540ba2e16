"""The abilities of a model, and the requests that need them."""

from dataclasses import dataclass
from typing import Literal

# draw: from a prompt. redraw: from a source picture and a prompt. repaint: a part of a picture. seamless: tiles without
# borders. transparent: with an alpha channel. cut: mattes. enlarge: more pixels. embed: vectors of words and pictures.
# learn: styles can be trained for it.
Capability = Literal["draw", "redraw", "repaint", "seamless", "transparent", "cut", "enlarge", "embed", "learn"]
SENTENCES: dict[Capability, str] = {
    "draw": "draw from a prompt",
    "redraw": "draw from a source",
    "repaint": "repaint a part of an image",
    "seamless": "draw seamless tiles",
    "transparent": "draw on a transparent background",
    "cut": "cut out objects",
    "enlarge": "enlarge images",
    "embed": "compare words with images",
    "learn": "learn styles",
}


@dataclass(frozen=True)
class Need:
    """A capability that a request needs. `field` asks for it, and `fix` is what a user can do without it."""

    capability: Capability
    field: str = "tool"
    fix: str = "use another tool"


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How closely drawings follow their prompts.

    At the value `off`, a negative prompt has no effect and a step costs half. Requests can choose a value from
    `minimum` to `maximum`; a distilled model has one value for both. `rescale` is `guidance_rescale` of Lin et al.,
    arXiv:2305.08891.
    """

    default: float
    minimum: float
    maximum: float
    off: float = 1.0
    rescale: float = 0.0

    @property
    def adjustable(self) -> bool:
        return self.minimum < self.maximum

    @classmethod
    def fixed(cls, value: float) -> "Guidance":
        """The guidance of a distilled model, which requests cannot change."""
        return cls(default=value, minimum=value, maximum=value, off=value)
