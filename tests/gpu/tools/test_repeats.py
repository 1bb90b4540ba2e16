from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from craftspark.tools.toss import Repeat
from gpu_tasks.inference.seamless.circular_padding import pad_tiles
from gpu_tasks.inference.seamless.neighbours import add_neighbours
from gpu_tasks.tools.pattern.repeats import (
    blend_edges,
    fit_size,
    lay_out,
    make_sheet,
    make_straight_tile,
    measure_border_ink,
    measure_seam,
    resize_tile,
    to_dots,
    to_pixels,
)
from gpu_tasks.tools.pattern.scatter import Placement
from gpu_tasks.tools.pattern.stamps import paint, rotate_motif, to_levels

RNG = np.random.default_rng(3)
BOTH_WAYS: tuple[Repeat, ...] = ("straight", "half-drop", "brick")
ALL: tuple[Repeat, ...] = (*BOTH_WAYS, "x", "y")


def noise(height: int = 8, width: int = 12, channels: int = 3) -> np.ndarray:
    return RNG.integers(0, 255, (height, width, channels), dtype=np.uint8)


# Plane waves of a lattice, as (across, down) per tile. Each is diagonal, so that every edge has all phases.
LATTICE: dict[Repeat, tuple[tuple[float, float], ...]] = {
    "straight": ((1, 2), (3, -1)),
    "half-drop": ((0.5, 1), (1, -2), (2.5, 3)),
    "brick": ((1, 0.5), (-2, 1), (3, 2.5)),
    "x": ((1, 1.3), (3, -2.3)),
    "y": ((1.3, 1), (-2.3, 3)),
}


def waves(repeat: Repeat, side: int = 64) -> np.ndarray:
    """A smooth tile without seams in its repeat."""
    y, x = np.mgrid[:side, :side] / side * 2 * np.pi
    values = sum(np.cos(across * x + down * y) for across, down in LATTICE[repeat])
    return np.repeat((128 + 40 * np.asarray(values)).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize("repeat", BOTH_WAYS)
def test_the_straight_tile_makes_the_same_pattern(repeat: Repeat) -> None:
    tile = noise()

    np.testing.assert_array_equal(
        lay_out(make_straight_tile(tile, repeat), "straight", (50, 40)), lay_out(tile, repeat, (50, 40))
    )


def test_half_drop_moves_every_second_column_down_and_brick_every_second_row_right() -> None:
    tile = noise(8, 8)
    dropped, bricks = lay_out(tile, "half-drop", (24, 16)), lay_out(tile, "brick", (16, 24))

    np.testing.assert_array_equal(dropped[4:12, 8:16], tile)
    np.testing.assert_array_equal(dropped[:8, 16:24], tile)
    np.testing.assert_array_equal(bricks[8:16, 4:12], tile)
    np.testing.assert_array_equal(bricks[16:24, :8], tile)


def test_a_repeat_along_one_axis_is_one_row_or_one_column() -> None:
    tile = noise(8, 12)

    assert lay_out(tile, "x", (30, 30)).shape == (8, 30, 3)
    assert lay_out(tile, "y", (30, 30)).shape == (30, 12, 3)


@pytest.mark.parametrize(("repeat", "channels"), [*product(BOTH_WAYS, (3, 4))])
def test_what_surrounds_a_tile_is_what_the_layout_has_there(repeat: Repeat, channels: int) -> None:
    tile = noise(8, 12, channels)
    pattern = lay_out(tile, repeat, (60, 40))

    np.testing.assert_array_equal(add_neighbours(tile, 3, 5, repeat), pattern[16 - 3 : 24 + 3, 24 - 5 : 36 + 5])


@pytest.mark.parametrize("repeat", ALL)
def test_networks_see_the_same_neighbours(repeat: Repeat) -> None:
    tile = noise()
    tensor = pad_tiles(torch.from_numpy(tile).permute(2, 0, 1)[None], 3, 5, repeat)[0].permute(1, 2, 0).numpy()

    expected = add_neighbours(tile, 3, 5, repeat)
    beyond = ((0, 0) if repeat != "x" else (3, 3), (0, 0) if repeat != "y" else (5, 5), (0, 0))
    np.testing.assert_array_equal(tensor, np.pad(expected, beyond))


@pytest.mark.parametrize("repeat", ALL)
def test_a_tile_that_joins_scores_about_one_and_one_that_does_not_far_more(repeat: Repeat) -> None:
    tile = waves(repeat)
    broken = tile.copy()
    broken[: 64 // 2, : 64 // 2] //= 3

    assert measure_seam(tile, repeat) < 1.1
    assert measure_seam(broken, repeat) > 1.5


def test_a_tile_that_joins_straight_does_not_join_as_a_half_drop() -> None:
    tile = waves("straight")

    assert measure_seam(tile, "straight") < 1.1
    assert measure_seam(tile, "half-drop") > 1.5


def test_a_step_at_the_edge_shows_however_flat_the_inside() -> None:
    ramp = np.repeat(np.repeat(np.linspace(0, 200, 64).astype(np.uint8)[None, :, None], 64, 0), 3, 2)

    assert measure_seam(ramp, "straight") > 10
    assert measure_seam(np.full((64, 64, 3), 90, np.uint8), "straight") == 1


@pytest.mark.parametrize("repeat", ALL)
def test_seam_and_ink_together_tell_a_tile_that_joins_from_a_blank_border_and_from_a_seam(repeat: Repeat) -> None:
    joined = waves(repeat)
    torn = joined.copy()
    torn[: 64 // 2, : 64 // 2] //= 3
    bordered = np.full((64, 64, 3), 255, np.uint8)
    bordered[16:48, 16:48] = noise(32, 32)

    figures = [(measure_seam(tile, repeat), measure_border_ink(tile, repeat)) for tile in (joined, torn, bordered)]

    [joined_seam, joined_ink], [torn_seam, torn_ink], [bordered_seam, bordered_ink] = figures
    assert (joined_seam < 1.1, joined_ink > 0.7) == (True, True)
    assert (torn_seam < 1.1, torn_ink > 0.7) == (False, True)
    assert (bordered_seam < 1.1, bordered_ink > 0.7) == (True, False)


def test_a_border_that_is_blank_on_two_sides_only_has_no_ink() -> None:
    tile = np.full((64, 64, 3), 255, np.uint8)
    tile[16:48] = noise(32, 64)

    assert measure_border_ink(tile, "x") > 0.9
    assert measure_border_ink(tile, "y") == 0
    assert measure_border_ink(tile, "straight") == 0
    assert measure_border_ink(np.full((64, 64, 3), 90, np.uint8), "straight") == 0


@pytest.mark.parametrize("repeat", ALL)
def test_a_resized_tile_joins_as_before(repeat: Repeat) -> None:
    assert measure_seam(resize_tile(waves(repeat), (96, 96), repeat), repeat) < 1.1
    assert measure_seam(resize_tile(waves(repeat), (40, 40), repeat), repeat) < 1.1


def test_a_sheet_has_its_size_at_its_resolution_and_the_repeat_its_width() -> None:
    tile = waves("straight")

    printed = make_sheet(tile, "straight", 10, 5, 2.54, dpi=300)

    assert printed.shape == (591, 1181, 3)
    np.testing.assert_array_equal(printed[:, :300], printed[:, 300:600])


def test_colour_under_transparency_does_not_bleed_into_a_resized_tile() -> None:
    tile = np.zeros((16, 16, 4), np.uint8)
    tile[:, :8] = (200, 10, 10, 255)
    tile[:, 8:] = (0, 255, 0, 0)

    large = resize_tile(tile, (64, 64), "straight")

    assert (large[..., 1][large[..., 3] > 8] < 40).all()


# Odd sizes.


def motif(width: int, height: int) -> np.ndarray:
    """An object in which all pixels differ, so that two adjacent objects are never counted as one."""
    return np.dstack([noise(height, width), np.full((height, width, 1), 255, np.uint8)])


def toss_of(repeat: Repeat) -> list[Placement]:
    """A motif over each edge and over the corners."""
    places = ((0.0, 0.3), (0.97, 0.8), (0.4, 0.02), (0.7, 0.99), (0.01, 0.0), (0.5, 0.55))
    return [Placement(number % 2, x, y, 0.21, 17.0 * number) for number, (x, y) in enumerate(places)]


def painted_without_tiles(
    placements: Sequence[Placement], motifs: Sequence[np.ndarray], side: int, repeat: Repeat, size: tuple[int, int]
) -> np.ndarray:
    """The pattern painted on white, motif by motif on a sheet (width, height), by whole pixels and without a tile."""
    sheet = np.zeros((size[1], size[0], 4), np.float32)
    columns, rows = range(-2, size[0] // side + 3), range(-2, size[1] // side + 3)
    for placement in placements:
        stamp = rotate_motif(motifs[placement.motif], placement.size * side, placement.angle)
        left = round(placement.x * side - stamp.shape[1] / 2)
        top = round(placement.y * side - stamp.shape[0] / 2)
        for column, row in product(columns, rows):
            across = column * side + (side // 2 if repeat == "brick" and row % 2 else 0)
            down = row * side + (side // 2 if repeat == "half-drop" and column % 2 else 0)
            lay(sheet, stamp, left + across, top + down)
    return to_levels(sheet[..., :3] + (1 - sheet[..., 3:]))


def lay(sheet: np.ndarray, stamp: np.ndarray, left: int, top: int) -> None:
    for y in range(max(0, top), min(sheet.shape[0], top + stamp.shape[0])):
        first, last = max(0, left), min(sheet.shape[1], left + stamp.shape[1])
        if first < last:
            part = stamp[y - top, first - left : last - left]
            sheet[y, first:last] = part + sheet[y, first:last] * (1 - part[:, 3:])


MOTIFS = [motif(30, 18), motif(14, 40)]
WHITE = (255, 255, 255)


@pytest.mark.parametrize(("repeat", "side"), [*product(BOTH_WAYS, range(60, 68))])
def test_motifs_go_on_over_every_edge_of_a_sheet_at_any_size(repeat: Repeat, side: int) -> None:
    tile = paint(toss_of(repeat), MOTIFS, side, WHITE, repeat)

    assert abs(tile.shape[0] - side) <= 1
    laid = lay_out(tile, repeat, (3 * side, 3 * side))
    expected = painted_without_tiles(toss_of(repeat), MOTIFS, tile.shape[0], repeat, (3 * side, 3 * side))
    np.testing.assert_array_equal(laid, expected)


@given(
    repeat=st.sampled_from(BOTH_WAYS),
    cm=st.floats(1, 3),
    dpi=st.sampled_from((72, 96, 150, 300)),
    width=st.floats(1, 5),
    height=st.floats(1, 5),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_printed_sheet_repeats_exactly_whatever_its_length_and_resolution(
    repeat: Repeat, cm: float, dpi: int, width: float, height: float
) -> None:
    tile = paint(toss_of(repeat), MOTIFS, to_dots(cm, dpi), WHITE, repeat)

    printed = make_sheet(tile, repeat, width, height, cm, dpi=dpi)

    side = tile.shape[0]
    assert abs(side - cm / 2.54 * dpi) <= 1
    assert printed.shape[:2] == (to_pixels(height, dpi), to_pixels(width, dpi))
    np.testing.assert_array_equal(printed, lay_out(tile, repeat, (printed.shape[1], printed.shape[0])))


@pytest.mark.parametrize(("repeat", "size"), [*product(ALL, ((96, 96), (97, 97), (41, 57), (1, 1), (590.55, 591.4)))])
def test_a_resized_tile_has_the_nearest_size_that_its_repeat_can_have(
    repeat: Repeat, size: tuple[float, float]
) -> None:
    large = resize_tile(waves(repeat), size, repeat)

    assert (large.shape[1], large.shape[0]) == fit_size(size, repeat)
    assert all(abs(made - asked) <= 1 for made, asked in zip(fit_size(size, repeat), size, strict=True))
    # The pattern is equal to itself moved by one repeat: by two columns, or by a column and half a tile.
    height, width = large.shape[:2]
    laid = lay_out(large, repeat, (4 * width, 4 * height))
    if repeat == "half-drop":
        np.testing.assert_array_equal(laid[height // 2 :, width:], laid[: -(height // 2), :-width])
    if repeat == "brick":
        np.testing.assert_array_equal(laid[height:, width // 2 :], laid[:-height, : -(width // 2)])


@pytest.mark.parametrize(("repeat", "height", "width"), [("half-drop", 7, 8), ("brick", 8, 7)])
def test_a_tile_without_a_half_is_never_laid_out(repeat: Repeat, height: int, width: int) -> None:
    for use in (
        lambda tile: make_straight_tile(tile, repeat),
        lambda tile: lay_out(tile, repeat, (20, 20)),
        lambda tile: add_neighbours(tile, 2, 2, repeat),
        lambda tile: measure_seam(tile, repeat),
        lambda tile: blend_edges(tile, (width, height), repeat),
        lambda tile: pad_tiles(torch.from_numpy(tile).permute(2, 0, 1)[None], 2, 2, repeat),
    ):
        with pytest.raises(ValueError, match="cannot be halved"):
            use(noise(height, width))
