"""The space for motifs on a tossed tile."""

from itertools import combinations, pairwise
from math import hypot
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftspark.tools.toss import ROOMIEST, Toss, neighbours, roomiest, widest


def discs_overlap(places: list[tuple[float, float]], across: float, repeat: Any) -> bool:
    images = [(x + i, y + j) for x, y in places for i, j in neighbours(repeat)]
    return any(
        hypot(a[0] - b[0], a[1] - b[1]) < across - 1e-6
        for a, b in combinations(images, 2)
        if -1 <= a[0] <= 2 and -1 <= a[1] <= 2
    )


@pytest.mark.parametrize("repeat", ["straight", "half-drop", "brick"])
@pytest.mark.parametrize("motifs", [1, 2, 3, 4])
def test_the_largest_free_places_have_the_expected_size(motifs: int, repeat: Any) -> None:
    places = list(roomiest(motifs, repeat))

    assert len(places) == motifs
    assert not discs_overlap(places, widest(motifs, repeat), repeat)
    # A disc of this width covers pi/4 of its square. The densest packing of a plane has a density of 0.9069.
    assert motifs * widest(motifs, repeat) ** 2 <= 2 / 3**0.5 + 1e-6


def test_more_motifs_have_no_more_room() -> None:
    for repeat in ROOMIEST:
        widths = [widest(motifs, repeat) for motifs in (1, 2, 3, 4)]  # type: ignore[arg-type]
        assert all(larger >= smaller for larger, smaller in pairwise(widths))
    assert widest(2, "straight") == pytest.approx(2**0.5 / 2)
    assert widest(4, "straight") == pytest.approx((6**0.5 - 2**0.5) / 2, abs=1e-5)


@given(size=st.floats(0.05, 0.5), spread=st.floats(0, 0.9), spacing=st.floats(0, 0.3), motifs=st.integers(1, 4))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_spacing_is_rejected_only_if_the_smallest_motifs_do_not_fit(
    size: float, spread: float, spacing: float, motifs: int
) -> None:
    how = Toss(size=size, size_spread=spread, spacing=spacing)

    assert how.has_room_for(motifs, "straight") == (size * (1 - spread) + spacing <= widest(motifs, "straight"))
    assert how.has_room_for(1, "straight")
