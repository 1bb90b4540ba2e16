"""Scattered motifs: where they are on a tile that wraps around, evenly spread and without overlap.

A motif takes the room of a disc, which its rotation does not change. The discs start at random places and are spread by
Lloyd's method: each moves to the middle of the area that is nearer to it than to any other. A few steps close the gaps
and leave the arrangement irregular. Discs that are then too close push each other apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from craftspark.tools.toss import Repeat, Toss, neighbours, period, roomiest, widest

Places: TypeAlias = NDArray[np.float64]  # (n, 2), in sides of the tile

MAX_PLACEMENTS = 400
# The share of a tile that discs of different sizes, gaps included, cover if they are laid by chance and pushed apart.
FULL = 0.74
SPREADING_STEPS = 14
PUSHES = 60
SAMPLES = 96  # points per side of a tile that are shared out among the discs
NEAREST = 6  # discs that are compared as the owner of a point
GOLDEN = (5**0.5 - 1) / 2
SLACK = 1e-9
MAX_EXCHANGES = 4  # per place


@dataclass(frozen=True)
class Placement:
    """The place of a motif. Lengths are shares of the tile's side: `x` and `y` of its centre, and `size`, the diameter
    of the circle around it.

    `angle` is in degrees, anticlockwise.
    """

    motif: int
    x: float
    y: float
    size: float
    angle: float


def scatter(*, seed: int, repeat: Repeat, motifs: int, how: Toss) -> list[Placement]:
    """Return the placements of motifs that fill the tile to the density. Equal motifs are far from each other.

    Each motif is placed at least once if `how.has_room_for` that many. Gaps are at least `how.spacing`, also between a
    motif and its own repeats.
    """
    random = np.random.default_rng(seed)
    if how.smallest + how.spacing > period(repeat):
        return []
    largest = min(how.size, period(repeat) - how.spacing)
    fits = (largest, max(how.smallest / largest, 0))
    sizes = _choose_sizes(random, motifs, how, *fits)
    places = _spread(random.random((len(sizes), 2)), sizes, repeat, how.spacing)
    places, sizes = _make_room(places, sizes, how, repeat, motifs)
    if not len(sizes) and how.has_room_for(motifs, repeat):
        # By chance, the first motifs took the room of the last ones.
        places, sizes = _arrange(random, repeat, motifs, how)
    angles = how.rotation * (2 * _spaced(random, len(sizes)) - 1)
    chosen = _share_out(random, places, motifs, repeat)
    return [
        Placement(int(motif), float(x), float(y), float(size), float(angle))
        for motif, (x, y), size, angle in zip(chosen, places, sizes, angles, strict=True)
    ]


def _choose_sizes(
    random: np.random.Generator, motifs: int, how: Toss, largest: float, smallest_share: float
) -> NDArray[np.float64]:
    """Return the sizes of the discs of a tile, evenly distributed over the range."""
    spread = 1 - smallest_share
    mean_square = np.mean((largest * (1 - spread * np.linspace(0, 1, 65)) + how.spacing) ** 2)
    count = round(how.density * FULL / (np.pi / 4 * mean_square))
    count = int(min(MAX_PLACEMENTS, max(motifs, count)))
    sizes: NDArray[np.float64] = largest * (1 - spread * _spaced(random, count))
    return sizes


def _spaced(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Return numbers between 0 and 1 in random order, evenly distributed for any count."""
    return random.permutation((random.random() + GOLDEN * np.arange(count)) % 1)


def _spread(places: Places, sizes: NDArray[np.float64], repeat: Repeat, spacing: float) -> Places:
    """Return the places after the discs have moved to the middle of the free area around each, and then apart."""
    middle = (np.arange(SAMPLES) + 0.5) / SAMPLES
    points = np.stack(np.meshgrid(middle, middle), -1).reshape(-1, 2)
    for _ in range(SPREADING_STEPS):
        copies, owners = _lay_copies(places, repeat)
        distances, near = cKDTree(copies).query(points, k=min(NEAREST, len(copies)))
        nearest = np.argmin(distances - sizes[owners[near]] / 2, 1)
        copy = near[np.arange(len(points)), nearest]
        owner = owners[copy]
        share = np.bincount(owner, minlength=len(places))
        moves = points - copies[copy]
        step = np.stack([np.bincount(owner, moves[:, axis], len(places)) for axis in (0, 1)], 1)
        places = _wrap(places + step / np.maximum(share, 1)[:, None], repeat)
        places = _push_apart(places, sizes, repeat, spacing, times=1)
    return _push_apart(places, sizes, repeat, spacing, times=PUSHES)


def _push_apart(places: Places, sizes: NDArray[np.float64], repeat: Repeat, spacing: float, *, times: int) -> Places:
    """Return the places after discs that are too close have moved apart, by half of what is missing each."""
    for _ in range(times):
        first, away, missing = _find_close(places, sizes, repeat, spacing)
        if not len(first):
            break
        length = np.maximum(np.hypot(*away.T), SLACK)
        push = away / length[:, None] * (missing / 2 + 1e-6)[:, None]
        step = np.stack([np.bincount(first, push[:, axis], len(places)) for axis in (0, 1)], 1)
        places = _wrap(places + step, repeat)
    return places


def _find_close(
    places: Places, sizes: NDArray[np.float64], repeat: Repeat, spacing: float
) -> tuple[NDArray[np.intp], Places, NDArray[np.float64]]:
    """Return the pairs of discs that are closer than the spacing, each pair in both orders.

    They are the first disc, the way to it from the other one, and the length that is missing.
    """
    copies, owners = _lay_copies(places, repeat)
    reach = float(sizes.max(initial=0)) + spacing
    near = cKDTree(places).sparse_distance_matrix(cKDTree(copies), reach, output_type="ndarray")
    first, copy = near["i"], near["j"]
    other = owners[copy]
    apart = first != other
    first, copy, other = first[apart], copy[apart], other[apart]
    away = places[first] - copies[copy]
    missing = (sizes[first] + sizes[other]) / 2 + spacing - np.hypot(*away.T)
    close = missing > SLACK
    return first[close], away[close], missing[close]


def _make_room(
    places: Places, sizes: NDArray[np.float64], how: Toss, repeat: Repeat, motifs: int
) -> tuple[Places, NDArray[np.float64]]:
    """Return the discs after those that are still too close have shrunk, as far as they may, or were removed.

    Returns none if fewer are left than there are motifs.
    """
    while len(sizes) >= motifs:
        first, _, missing = _find_close(places, sizes, repeat, how.spacing)
        if not len(first):
            return places, sizes
        # The radius of each gives up half of what is missing. One of the discs that are too small for it is removed.
        give = np.zeros(len(sizes))
        np.maximum.at(give, first, missing + 2 * SLACK)
        smaller = sizes - give
        if (smaller >= how.smallest).all():
            sizes = smaller
            continue
        worst = np.bincount(first, missing, len(sizes)).argmax()
        keep = np.arange(len(sizes)) != worst
        places = _push_apart(places[keep], sizes[keep], repeat, how.spacing, times=PUSHES // 4)
        sizes = sizes[keep]
    return np.empty((0, 2)), np.empty(0)


def _arrange(random: np.random.Generator, repeat: Repeat, motifs: int, how: Toss) -> tuple[Places, NDArray[np.float64]]:
    """Return a place for each motif, with the most room, and its drawn size or as large as the room allows."""
    places = random.permutation(np.asarray(roomiest(motifs, repeat), float)) + random.random(2)
    sizes = how.size * (1 - how.size_spread * random.random(motifs))
    return _wrap(places, repeat), np.minimum(sizes, widest(motifs, repeat) - how.spacing)


def _share_out(random: np.random.Generator, places: Places, motifs: int, repeat: Repeat) -> NDArray[np.intp]:
    """Return the motif of each place. The numbers of placements are as equal as possible, and equal motifs are apart.

    The place that is nearest to its equals exchanges its motif with another place while that separates equal ones.
    """
    count = len(places)
    chosen = random.permutation(np.arange(count) % motifs)
    if motifs == 1 or count <= motifs:
        return chosen
    near = 1 / np.maximum(_measure_distances(places, repeat), 1e-3) ** 4
    np.fill_diagonal(near, 0)
    close = near @ np.eye(motifs)[chosen]  # (n, motifs): how near each motif is to each place
    everyone = np.arange(count)
    settled = np.zeros(count, bool)
    for _ in range(MAX_EXCHANGES * count):
        own = close[everyone, chosen]
        worst = int(np.where(settled, -1, own).argmax())
        if settled[worst]:
            break
        mine = chosen[worst]
        gain = own[worst] + own - close[worst, chosen] - close[:, mine] + 2 * near[worst]
        other = int(np.where(chosen == mine, 0, gain).argmax())
        if chosen[other] == mine or gain[other] <= SLACK:
            settled[worst] = True
            continue
        settled[:] = False
        theirs = chosen[other]
        close[:, mine] += near[:, other] - near[:, worst]
        close[:, theirs] += near[:, worst] - near[:, other]
        chosen[[worst, other]] = theirs, mine
    return chosen


def _measure_distances(places: Places, repeat: Repeat) -> NDArray[np.float64]:
    """Return the distances (n, n) of places, across the tile's edges if that is shorter."""
    across, down = (places[:, axis, None] - places[:, axis] for axis in (0, 1))
    squares = np.full(across.shape, np.inf)
    for right, below in neighbours(repeat):
        np.minimum(squares, (across + right) ** 2 + (down + below) ** 2, out=squares)
    distances: NDArray[np.float64] = np.sqrt(squares)
    return distances


def _lay_copies(places: Places, repeat: Repeat) -> tuple[Places, NDArray[np.intp]]:
    """Return the places on the tile and on those around it (m, 2), and the number of the place that each copies."""
    shifts = np.asarray(neighbours(repeat))
    copies = (places[None] + shifts[:, None]).reshape(-1, 2)
    owners = np.tile(np.arange(len(places)), len(shifts))
    inside = (np.abs(copies - 0.5) < 1.5).all(1)
    return copies[inside], owners[inside]


def _wrap(places: Places, repeat: Repeat) -> Places:
    """Return the copies of the places that are on the tile itself."""
    if repeat == "brick":
        return _wrap(places[:, ::-1], "half-drop")[:, ::-1]
    across, down = places.T
    columns = np.floor(across)
    drop = columns / 2 if repeat == "half-drop" else 0
    return np.stack([across - columns, (down - drop) % 1], 1) % 1
