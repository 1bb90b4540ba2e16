"""Every motif that is charged is on the tile, and no two motifs overlap."""

import json
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.tools.spacing import measure_empty_disc
from craftspark.errors import ImageFlawed
from craftspark.tools.toss import Repeat, Toss, apart, neighbours
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.pattern.pattern import finish_painted, measure_tile
from gpu_tasks.tools.pattern.scatter import Placement, scatter
from gpu_tasks.tools.pattern.stamps import frame_by_circle, paint, rotate_motif
from tests.gpu.rendering import an_order_of, pixels_in, render, silent, studio
from tests.gpu.tools.test_repeats import painted_without_tiles

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
    assert all(abs(placement.angle) <= how.rotation for placement in laid)
    assert laid == scatter(seed=seed, repeat=repeat, motifs=motifs, how=how)


@pytest.mark.parametrize("repeat", BOTH_WAYS)
@pytest.mark.parametrize("size", [0.06, 0.24, 0.5])
def test_the_largest_empty_disc_is_at_most_1_6_times_a_motif(repeat: Repeat, size: float) -> None:
    disc = np.zeros((96, 96, 4), np.uint8)
    disc[np.hypot(*(np.mgrid[:96, :96] - 47.5)) < 48] = 255

    for motifs, seed in product((1, 2, 3, 4), range(2)):
        laid = scatter(seed=seed, repeat=repeat, motifs=motifs, how=Toss(size=size))
        tile = paint(laid, [disc] * motifs, 256, None, repeat)

        assert measure_empty_disc(tile, repeat) <= 1.6 * size


@pytest.mark.parametrize("repeat", BOTH_WAYS)
def test_equal_motifs_are_seldom_neighbours_and_all_are_placed_about_as_often(repeat: Repeat) -> None:
    for motifs in (2, 3, 4):
        laid = scatter(seed=5, repeat=repeat, motifs=motifs, how=Toss(size=0.15))

        counts = Counter(placement.motif for placement in laid)
        assert max(counts.values()) - min(counts.values()) <= 1
        nearest_are_equal = [nearest_of(placement, laid, repeat).motif == placement.motif for placement in laid]
        assert np.mean(nearest_are_equal) <= 0.5 / motifs  # by chance, 1 / motifs of them are


def nearest_of(placement: Placement, laid: list[Placement], repeat: Repeat) -> Placement:
    others = [other for other in laid if other is not placement]
    return min(others, key=lambda other: apart((placement.x, placement.y), (other.x, other.y), repeat))


@given(
    height=st.integers(40, 60),
    width=st.integers(40, 60),
    angle=st.floats(-180, 180),
    shape=st.sampled_from(("box", "triangle", "bar")),
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_turned_motif_stays_in_its_circle(height: int, width: int, angle: float, shape: str) -> None:
    motif = np.zeros((70, 80, 4), np.uint8)
    y, x = np.mgrid[:height, :width]
    inside = {
        "box": x >= 0,
        "triangle": x * height >= y * width,
        "bar": abs(x * height - y * width) < height * width / 4,
    }
    motif[5 : 5 + height, 7 : 7 + width][inside[shape]] = 255

    stamp = rotate_motif(frame_by_circle(motif), 200, angle)

    rows, columns = np.nonzero(stamp[..., 3] > 0.5)
    away = np.hypot(rows + 0.5 - stamp.shape[0] / 2, columns + 0.5 - stamp.shape[1] / 2)
    # The circle is rounded to whole pixels, and a pixel is up to a twentieth of its radius here.
    assert 0.9 <= away.max() / 100 <= 1.05


@pytest.mark.parametrize("repeat", BOTH_WAYS)
@pytest.mark.parametrize("seed", range(8))
def test_the_tightest_toss_that_is_accepted_places_all_four(repeat: Repeat, seed: int) -> None:
    how = Toss(size=0.5, size_spread=0, spacing=0)

    laid = scatter(seed=seed, repeat=repeat, motifs=4, how=how)

    assert {placement.motif for placement in laid} == {0, 1, 2, 3}


def test_four_motifs_that_hardly_have_room_are_all_seen_on_the_tile() -> None:
    fields = {"prompt": "red apple", "also": ["bee", "sunflower", "cat face"], "background": "transparent", "steps": 2}
    order = an_order_of("pattern", 1, json.dumps({**fields, "toss": {"size": 0.5, "size_spread": 0, "spacing": 0}}))

    [drawn] = render(order)

    assert {placement.motif for placement in drawn.parts.placements} == {0, 1, 2, 3}
    assert pixels_in(studio().finish(order, drawn).png).shape == (1024, 1024, 4)


def test_an_order_whose_motifs_have_no_room_fails_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toss, "has_room_for", lambda *_: True)
    case = json.loads((Path(__file__).parents[2] / "cases" / "pattern-four-motifs-one-shown.json").read_text())
    order = an_order_of("pattern", 1, json.dumps({**case, "steps": 2}))
    monkeypatch.undo()

    [failed] = studio().render([order], silent)

    assert isinstance(failed, ImageFlawed)
    assert "its 4 motifs do not fit on one tile" in failed.detail


def test_only_a_painted_tile_can_have_a_visible_seam() -> None:
    # The outline of a motif along an edge is as steep as a seam.
    torn = Drawing(pixels=np.full((64, 64, 3), 255, np.uint8), seed=1)
    torn.pixels[:, 32:] = np.linspace(255, 0, 32)[None, :, None]
    tossed, painted = (
        an_order_of("pattern", 1, '{"prompt": "a"}'),
        an_order_of("pattern", 1, '{"prompt": "a", "way": "painted"}'),
    )

    placed, drawn = measure_tile(torn, tossed), finish_painted(torn, painted, ())

    assert placed.scores == drawn.scores
    assert placed.scores["seam_over_inner"] > 1.1
    assert placed.flaw is None
    assert drawn.flaw is not None
    assert drawn.flaw.reason == "its seam is visible"


@pytest.mark.parametrize("repeat", ["half-drop", "brick"])
def test_the_default_sheet_of_a_shifted_repeat_is_one_pattern_to_the_pixel(repeat: Repeat) -> None:
    order = an_order_of("pattern", 4, json.dumps({"prompt": "red apple", "repeat": repeat, "steps": 2}))
    [drawn] = render(order)

    sheet: Pixels = pixels_in(studio().finish(order, drawn).files["sheet.png"])

    assert sheet.shape[:2] == (1181, 1181)
    side = 590  # 5 cm are 590.6 pixels at 300 dots an inch
    expected = painted_without_tiles(drawn.parts.placements, drawn.parts.motifs, side, repeat, (1181, 1181))
    np.testing.assert_array_equal(sheet, expected)
