"""Papers: the sizes of sheets that printers and cutting mats take, by name."""

from dataclasses import dataclass
from typing import Literal

PaperName = Literal["a4", "a5", "letter", "12x12"]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A sheet of paper in portrait format. `standard` says where its size is from."""

    width_mm: float
    height_mm: float
    standard: str


PAPERS: dict[PaperName, Paper] = {
    "a4": Paper(width_mm=210, height_mm=297, standard="ISO 216"),
    "a5": Paper(width_mm=148, height_mm=210, standard="ISO 216"),
    "letter": Paper(width_mm=215.9, height_mm=279.4, standard="ANSI/ASME Y14.1, size A: 8.5 x 11 inches"),
    "12x12": Paper(width_mm=304.8, height_mm=304.8, standard="12 x 12 inches, the usual size of scrapbook paper"),
}


def describe_papers() -> str:
    """The names and sizes of all papers, as a Markdown list for the API."""
    return "\n".join(f"- `{name}`: {each.width_mm:g} x {each.height_mm:g} mm" for name, each in PAPERS.items())
