"""The placement of motifs on a tile, and how many motifs of which size fit."""

from itertools import combinations, product
from math import hypot
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Repeat = Literal["straight", "half-drop", "brick", "mirror", "x", "y"]
Place = tuple[float, float]

MAX_MOTIFS = 4

# The positions with the most room for this number of equal discs on a tile: the densest arrangements on these tori. For
# `straight` they are proven (Dickinson and others, 2011). For `half-drop` they are the best of many numerical searches.
# `brick` is `half-drop` with exchanged axes.
ROOMIEST: dict[str, dict[int, tuple[Place, ...]]] = {
    "straight": {
        1: ((0, 0),),
        2: ((0, 0), (0.5, 0.5)),
        3: ((0, 0), (0.633975, 0.633975), (0.5, 0.133975)),
        4: ((0, 0), (0.633975, 0.633975), (0.5, 0.133975), (0.133975, 0.5)),
    },
    "half-drop": {
        1: ((0, 0),),
        2: ((0, 0), (0.625, 0)),
        3: ((0, 0), (1 / 3, 0.5), (2 / 3, 0)),
        4: ((0, 0), (0.466506, 0.191987), (0.066987, 0.5), (0.533494, 0.691987)),
    },
}


class Toss(BaseModel):
    """Placement of motifs on a tile. Lengths are fractions of the tile's side."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    size: float = Field(0.24, ge=0.05, le=0.5, description="Diameter of the circle around the largest motif.")
    size_spread: float = Field(
        0.3, ge=0, le=0.9, description="Size range: the smallest motif is smaller than the largest by this fraction."
    )
    rotation: float = Field(
        180.0, ge=0, le=180, description="Maximum rotation of a motif in either direction, in degrees."
    )
    density: float = Field(
        0.7,
        gt=0,
        le=1,
        description="Number of placed motifs as a fraction of those that fit. Each motif is placed at least once, and "
        "all are spread evenly.",
    )
    spacing: float = Field(0.02, ge=0, le=0.3, description="Minimum gap between two motifs.")

    @property
    def smallest(self) -> float:
        """The minimum diameter of the circle around a motif, as a share of the tile's side."""
        return self.size * (1 - self.size_spread)

    def has_room_for(self, motifs: int, repeat: Repeat) -> bool:
        """Whether this number of motifs, each in its minimum size, fits on a tile with this repeat."""
        return self.smallest + self.spacing <= widest(motifs, repeat)


def neighbours(repeat: Repeat) -> list[Place]:
    """The positions of a tile's copies around it, including itself, in sides of the tile."""
    shift = range(-2, 3)
    if repeat == "half-drop":
        return [(across, down + across % 2 / 2) for across, down in product((-1, 0, 1), shift)]
    if repeat == "brick":
        return [(across + down % 2 / 2, down) for across, down in product(shift, (-1, 0, 1))]
    return [(across, down) for across, down in product((-1, 0, 1), (-1, 0, 1))]


def apart(first: Place, second: Place, repeat: Repeat) -> float:
    """The distance of two positions on a tile, across its edges if that is shorter."""
    x, y = first[0] - second[0], first[1] - second[1]
    return min(hypot(x + across, y + down) for across, down in neighbours(repeat))


def period(repeat: Repeat) -> float:
    """The distance of a position from its nearest copy."""
    return min(hypot(*place) for place in neighbours(repeat) if any(place))


def roomiest(motifs: int, repeat: Repeat) -> tuple[Place, ...]:
    """The positions with the most room for this number of equal motifs."""
    if repeat == "brick":
        return tuple((y, x) for x, y in roomiest(motifs, "half-drop"))
    return ROOMIEST["half-drop" if repeat == "half-drop" else "straight"][motifs]


def widest(motifs: int, repeat: Repeat) -> float:
    """The diameter of the largest discs of which this number fits, as a share of the tile's side."""
    places = roomiest(motifs, repeat)
    return min([period(repeat), *(apart(*pair, repeat) for pair in combinations(places, 2))])
