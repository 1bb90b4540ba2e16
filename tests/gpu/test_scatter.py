"""Every motif that is charged is on the tile, and no two motifs overlap."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftspark.errors import ImageFlawed
from craftspark.tools.toss import Repeat, Toss, neighbours
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.pattern.scatter import Placement, scatter
from tests.gpu.rendering import an_order_of, pixels_in, render, silent, studio
from tests.gpu.test_repeats import painted_without_tiles

BOTH_WAYS: tuple[Repeat, ...] = ("straight", "half-drop", "brick")


def least_gap(laid: list[Placement], repeat: Repeat) -> float:
    """The smallest gap between any two motifs of the pattern, including the repeats of the same motif."""
    x, y, size = (np.asarray([getattr(placement, name) for placement in laid]) for name in ("x", "y", "size"))
    gaps = [1.0]
    for across, down in neighbours(repeat):
        apart = np.hypot(x[:, None] - x + across, y[:, None] - y + down) - (size[:, None] + size) / 2
        if (across, down) == (0, 0):
            np.fill_diagonal(apart, np.inf)
        gaps.append(float(apart.min()))
    return min(gaps)


@given(
    seed=st.integers(0, 2**32 - 1),
    repeat=st.sampled_from(BOTH_WAYS),
    motifs=st.integers(1, 4),
    size=st.floats(0.05, 0.5),
    spread=st.floats(0, 0.9),
    density=st.floats(0.01, 1),
    spacing=st.floats(0, 0.3),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_each_motif_is_placed_at_least_once_where_there_is_room_and_none_on_another(
    seed: int, repeat: Repeat, motifs: int, size: float, spread: float, density: float, spacing: float
) -> None:
    how = Toss(size=size, size_spread=spread, density=density, spacing=spacing)

    laid = scatter(seed=seed, repeat=repeat, motifs=motifs, how=how)

    if how.has_room_for(motifs, repeat):
        assert {placement.motif for placement in laid} == set(range(motifs))
    assert least_gap(laid, repeat) >= spacing - 1e-9
    assert all(how.smallest - 1e-9 <= placement.size <= size for placement in laid)
    assert all(0 <= placement.x < 1 and 0 <= placement.y < 1 for placement in laid)
    assert laid == scatter(seed=seed, repeat=repeat, motifs=motifs, how=how)


@pytest.mark.parametrize("repeat", BOTH_WAYS)
@pytest.mark.parametrize("seed", range(8))
def test_the_tightest_toss_that_is_accepted_places_all_four(repeat: Repeat, seed: int) -> None:
    how = Toss(size=0.5, size_spread=0, spacing=0)

    laid = scatter(seed=seed, repeat=repeat, motifs=4, how=how)

    assert {placement.motif for placement in laid} == {0, 1, 2, 3}


def test_four_motifs_that_hardly_have_room_are_all_seen_on_the_tile() -> None:
    fields = {"prompt": "red apple", "also": ["bee", "sunflower", "cat face"], "background": "transparent"}
    order = an_order_of("pattern", 1, json.dumps({**fields, "toss": {"size": 0.5, "size_spread": 0, "spacing": 0}}))

    [drawn] = render(order)

    assert {placement.motif for placement in drawn.parts.placements} == {0, 1, 2, 3}
    assert pixels_in(studio().finish(order, drawn).png).shape == (1024, 1024, 4)


def test_an_order_whose_motifs_have_no_room_fails_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toss, "has_room_for", lambda *_: True)
    case = json.loads((Path(__file__).parents[1] / "cases" / "pattern-four-motifs-one-shown.json").read_text())
    order = an_order_of("pattern", 1, json.dumps(case))
    monkeypatch.undo()

    [failed] = studio().render([order], silent)

    assert isinstance(failed, ImageFlawed)
    assert "3 of its 4 motifs do not fit" in failed.detail


@pytest.mark.parametrize("repeat", ["half-drop", "brick"])
def test_the_default_sheet_of_a_shifted_repeat_is_one_pattern_to_the_pixel(repeat: Repeat) -> None:
    order = an_order_of("pattern", 4, json.dumps({"prompt": "red apple", "repeat": repeat}))
    [drawn] = render(order)

    sheet: Pixels = pixels_in(studio().finish(order, drawn).files["sheet.png"])

    assert sheet.shape[:2] == (1181, 1181)
    side = 590  # 5 cm are 590.6 pixels at 300 dots an inch
    expected = painted_without_tiles(drawn.parts.placements, drawn.parts.motifs, side, repeat, (1181, 1181))
    np.testing.assert_array_equal(sheet, expected)
