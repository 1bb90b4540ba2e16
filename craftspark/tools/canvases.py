"""Canvases of printed products: the sizes in pixels that shops for print on demand and paper have."""

from dataclasses import dataclass
from typing import Literal

CanvasName = Literal[
    "shirt",
    "hoodie",
    "square",
    "mug-11oz",
    "mug-15oz",
    "a5",
    "a4",
    "a3",
    "letter",
    "tabloid",
    "print-8x10",
    "scrapbook-12x12",
    "poster-16x20",
    "poster-18x24",
    "poster-24x36",
]

MAX_ENLARGEMENT = 10  # a picture that is enlarged more looks blurred in print


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """A printed area in pixels. `dpi` is its resolution in pixels per inch."""

    width: int
    height: int
    dpi: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.width, self.height


# Shirts: 15 x 18 inches, as the guidelines of Amazon Merch on Demand and most other shops have it; hoodies are shorter
# above the pocket, and tote bags are square (the same). Mugs: the usual wraps of 9 x 3.5 and 9 x 3.8 inches. Paper:
# ISO 216 and ANSI at 300 dpi, rounded. Posters of 18 x 24 inches and more are seen from a distance, and shops take them
# from 150 dpi.
CANVASES: dict[CanvasName, Canvas] = {
    "shirt": Canvas(width=4500, height=5400, dpi=300),
    "hoodie": Canvas(width=4500, height=4050, dpi=300),
    "square": Canvas(width=4500, height=4500, dpi=300),
    "mug-11oz": Canvas(width=2700, height=1050, dpi=300),
    "mug-15oz": Canvas(width=2700, height=1140, dpi=300),
    "a5": Canvas(width=1748, height=2480, dpi=300),
    "a4": Canvas(width=2480, height=3508, dpi=300),
    "a3": Canvas(width=3508, height=4961, dpi=300),
    "letter": Canvas(width=2550, height=3300, dpi=300),
    "tabloid": Canvas(width=3300, height=5100, dpi=300),
    "print-8x10": Canvas(width=2400, height=3000, dpi=300),
    "scrapbook-12x12": Canvas(width=3600, height=3600, dpi=300),
    "poster-16x20": Canvas(width=4800, height=6000, dpi=300),
    "poster-18x24": Canvas(width=2700, height=3600, dpi=150),
    "poster-24x36": Canvas(width=3600, height=5400, dpi=150),
}


def enlargement(width: int, height: int, canvas: Canvas) -> float:
    """How many times a picture of this size is enlarged so that it just fits the canvas."""
    return min(canvas.width / width, canvas.height / height)


def describe_canvases() -> str:
    """The names and sizes of all canvases, as a Markdown list for the API."""
    return "\n".join(f"- `{name}`: {each.width} x {each.height} at {each.dpi} dpi" for name, each in CANVASES.items())
