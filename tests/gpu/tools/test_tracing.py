"""Colours, curves and grounds of cut files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from shapely import LinearRing, Polygon

from craftspark.errors import ImageFlawed
from gpu_tasks.images.oklab import to_oklab
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.page import flatten, is_line, make_line_ring
from gpu_tasks.tools.cutting.ground import find_wide
from gpu_tasks.tools.cutting.matte import cut_out, inspect
from gpu_tasks.tools.cutting.tracing.budget import count_nodes, drop_smallest
from gpu_tasks.tools.cutting.tracing.colour_names import NAMES, find_name, measure_difference
from gpu_tasks.tools.cutting.tracing.curves import fit_ring, is_simple
from gpu_tasks.tools.cutting.tracing.palette import DISTINCT, choose_palette

# Colours.


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [("#000000", "#ffffff", 100.0), ("#ff0000", "#ff0000", 0.0), ("#333537", "#456677", 19.3)],
)
def test_differences_are_those_of_ciede2000(first: str, second: str, difference: float) -> None:
    assert abs(measure_difference(first, second) - difference) < 0.6


def test_oklab_has_its_published_values() -> None:
    white, red = to_oklab(np.array([[255, 255, 255], [255, 0, 0]], np.uint8), np.float64)

    assert np.allclose(white, (1, 0, 0), atol=1e-3)
    assert np.allclose(red, (0.62796, 0.22486, 0.12585), atol=1e-3)


def squares(*colours: tuple[int, int, int], sides: tuple[int, ...]) -> Pixels:
    """Squares of colours in a row."""
    motif = np.zeros((100, sum(sides), 4), np.uint8)
    left = 0
    for colour, side in zip(colours, sides, strict=True):
        motif[:side, left : left + side] = (*colour, 255)
        left += side
    return motif


HAT, SCARF = (30, 30, 34), (200, 30, 30)
GREYS = ((120, 120, 124), (128, 128, 130), (200, 204, 210), (214, 216, 220))


@pytest.mark.parametrize("colours", [3, 4, 6])
def test_a_small_scarf_keeps_its_colour_beside_larger_greys_that_are_alike(colours: int) -> None:
    motif = squares(HAT, *GREYS, SCARF, sides=(80, 90, 90, 90, 90, 24))

    palette = choose_palette(motif, colours)

    assert len(palette.colours) <= colours
    assert min(measure_difference(colour, "#c81e1e") for colour in palette.colours) < 3


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=9), st.integers(2, 16))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_two_colours_of_a_palette_are_alike(colours: list[tuple[int, int, int]], most: int) -> None:
    motif = squares(*colours, sides=(30,) * len(colours))

    palette = choose_palette(motif, most)

    assert 1 <= len(palette.colours) <= most
    assert all(
        measure_difference(first, second) >= DISTINCT
        for place, first in enumerate(palette.colours)
        for second in palette.colours[:place]
    )
    assert ((palette.chosen >= 0) == (motif[..., 3] > 0)).all()


def test_mixed_pixels_along_an_edge_are_no_colour() -> None:
    motif = squares((0, 0, 0), (255, 255, 255), sides=(100, 100))
    motif[..., :3] = ndimage.gaussian_filter(motif[..., :3], (0, 2, 0))

    assert len(choose_palette(motif, 6).colours) == 2


def test_a_colour_is_called_by_an_everyday_word() -> None:
    assert find_name("#d2000a") == "Red"
    assert find_name("#fefefe") == "White"
    assert find_name("#00007a") == "Navy"
    assert len(set(NAMES)) == len(NAMES)


# Curves.


def circle(radius: float, points: int = 400) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, points + 1)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)


def star(points: int, inner: float, outer: float) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 2 * points + 1)
    radius = np.where(np.arange(2 * points + 1) % 2, inner, outer)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)


@pytest.mark.parametrize("tolerance", [0.02, 0.05, 0.3])
def test_a_circle_becomes_few_curves_within_the_tolerance(tolerance: float) -> None:
    ring = fit_ring(circle(20), tolerance)

    assert len(ring) <= 16
    assert np.abs(np.hypot(*flatten(ring, 0.001).T) - 20).max() < tolerance + 0.01


def test_the_corners_of_a_star_stay() -> None:
    coords = star(5, 10, 25)

    ring = fit_ring(coords, 0.05)

    assert len(ring) <= 12
    for corner in coords:
        assert np.hypot(*(ring[:, 0] - corner).T).min() < 0.15
    assert all(map(is_line, ring))


@given(st.integers(0, 999), st.floats(0.02, 1), st.floats(1.5, 8))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_curves_follow_any_outline_and_never_cross_themselves(seed: int, tolerance: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    radius = 20 + ndimage.gaussian_filter1d(rng.standard_normal(300), scale, mode="wrap") * 12
    turn = np.arange(300) / 300 * 2 * np.pi
    points = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)

    ring = fit_ring(np.concatenate([points, points[:1]]), tolerance)

    assert is_simple(ring, tolerance / 4)
    assert (ring[:, 3] == np.roll(ring[:, 0], -1, axis=0)).all()
    line = LinearRing(points)
    assert line.hausdorff_distance(LinearRing(flatten(ring, 0.005))) < 3 * tolerance + 0.05


def test_lines_follow_their_curves_within_the_tolerance() -> None:
    ring = fit_ring(circle(30), 0.05)

    for tolerance in (0.5, 0.05, 0.005):
        coarse, fine = LinearRing(flatten(ring, tolerance)), LinearRing(flatten(ring, 0.0005))
        assert coarse.hausdorff_distance(fine) <= tolerance + 0.001


def test_the_smallest_paths_are_left_out_first() -> None:
    rings = [make_line_ring(np.array([[0, 0], [size, 0], [size, size], [0, size]], float)) for size in (5, 1, 9, 3)]

    kept = drop_smallest([rings[:2], rings[2:]], 13)

    assert count_nodes(kept) == 12
    assert [Polygon(ring[:, 0]).area for rings in kept for ring in rings] == [25, 81, 9]


def test_paths_are_not_left_out_if_they_are_much_of_the_whole() -> None:
    rings = [make_line_ring(np.array([[0, 0], [size, 0], [size, size], [0, size]], float)) for size in (9, 5, 5, 5)]

    with pytest.raises(ImageFlawed, match="more detail"):
        drop_smallest([rings], 13)


# Grounds.


def a_face(gap: int) -> Pixels:
    """A white face on white with a black outline that is open at the chin, and eyes (256, 256, 3)."""
    picture = np.full((256, 256, 3), 255, np.uint8)
    rows, columns = np.mgrid[:256, :256] - 128
    away = np.hypot(rows, columns)
    picture[(away < 90) & (away > 84)] = 20
    picture[(rows > 0) & (np.abs(columns) < gap // 2) & (away > 80)] = 255
    for x in (-35, 35):
        picture[np.hypot(rows + 20, columns - x) < 12] = 20
    return picture


@pytest.mark.parametrize("gap", [0, 8, 20, 30])
def test_a_white_face_on_white_is_kept_where_its_outline_is_almost_closed(gap: int) -> None:
    motif = cut_out(a_face(gap))

    inside = np.hypot(*(np.mgrid[:256, :256] - 128)) < 70
    assert (motif[inside][:, 3] == 255).mean() > 0.97
    assert (motif[:20, :, 3] == 0).all()


def test_the_inside_of_an_open_letter_is_ground() -> None:
    picture = np.full((256, 256, 3), 255, np.uint8)
    rows, columns = np.mgrid[:256, :256] - 128
    away = np.hypot(rows, columns)
    picture[(away < 90) & (away > 60)] = (200, 30, 30)
    picture[(np.abs(rows) < 45) & (columns > 0)] = 255

    motif = cut_out(picture)

    assert (motif[away < 50][:, 3] == 0).all()


@pytest.mark.parametrize("tint", [(240, 225, 235), (225, 225, 225), (255, 230, 200)])
@pytest.mark.parametrize("attached", [False, True])
def test_pale_blocks_at_the_edge_of_a_picture_are_ground(tint: tuple[int, int, int], attached: bool) -> None:
    picture = np.full((256, 256, 3), 255, np.uint8)
    rows, columns = np.mgrid[:256, :256] - 128
    picture[np.hypot(rows, columns) < (118 if attached else 90)] = (30, 90, 200)
    pale = (picture == 255).all(2)
    for block in (np.s_[100:150, 244:], np.s_[:8, :40], np.s_[250:, 90:170]):
        picture[block] = np.where(pale[block][..., None], tint, picture[block])

    motif = cut_out(picture)

    assert (motif[pale & (np.hypot(rows, columns) > 120)][:, 3] == 0).all()
    assert inspect(motif).flaw is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [3, 7.5, 16])
def test_a_wide_area_is_what_discs_inside_it_cover(seed: int, width: float) -> None:
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((70, 90)), 4)
    area = (field > 0) & (np.arange(90) > 20 * seed)
    rows, columns = np.mgrid[-1:71, -1:91]
    outside = ~np.pad(area, 1)

    covered = np.zeros_like(area)
    for row, column in np.argwhere(area):
        disc = np.hypot(rows - row, columns - column) < width / 2
        if not (disc & outside).any():
            covered |= disc[1:-1, 1:-1]

    assert (find_wide(area, width) == covered).all()


def test_ground_that_is_left_at_the_edge_is_a_flaw() -> None:
    motif = np.dstack([np.full((128, 128, 3), 255, np.uint8), np.zeros((128, 128), np.uint8)])
    motif[40:90, 40:90] = (200, 30, 10, 255)
    assert inspect(motif).flaw is None

    motif[60:66, 90:] = (235, 230, 230, 255)

    flaw = inspect(motif).flaw
    assert flaw
    assert "not cleared" in flaw.reason
