from itertools import product

import numpy as np
import pytest
import torch

from craftspark.tools.pattern import Repeat
from gpu_tasks.repeats import lay_out, resized, seam_over_inner, sheet, straight_tile, surrounded
from gpu_tasks.torus import surrounded as surrounded_tensor

RNG = np.random.default_rng(3)
BOTH_WAYS: tuple[Repeat, ...] = ("straight", "half-drop", "brick")
ALL: tuple[Repeat, ...] = (*BOTH_WAYS, "x", "y")


def noise(height: int = 8, width: int = 12, channels: int = 3) -> np.ndarray:
    return RNG.integers(0, 255, (height, width, channels), dtype=np.uint8)


# Plane waves that a lattice holds, as (across, down) for a tile. Each runs aslant: every edge meets all its phases.
LATTICE: dict[Repeat, tuple[tuple[float, float], ...]] = {
    "straight": ((1, 2), (3, -1)),
    "half-drop": ((0.5, 1), (1, -2), (2.5, 3)),
    "brick": ((1, 0.5), (-2, 1), (3, 2.5)),
    "x": ((1, 1.3), (3, -2.3)),
    "y": ((1.3, 1), (-2.3, 3)),
}


def waves(repeat: Repeat, side: int = 64) -> np.ndarray:
    """A smooth tile that joins in its repeat."""
    y, x = np.mgrid[:side, :side] / side * 2 * np.pi
    values = sum(np.cos(across * x + down * y) for across, down in LATTICE[repeat])
    return np.repeat((128 + 40 * np.asarray(values)).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize("repeat", BOTH_WAYS)
def test_the_straight_tile_makes_the_same_pattern(repeat: Repeat) -> None:
    tile = noise()

    np.testing.assert_array_equal(
        lay_out(straight_tile(tile, repeat), "straight", (50, 40)), lay_out(tile, repeat, (50, 40))
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

    np.testing.assert_array_equal(surrounded(tile, 3, 5, repeat), pattern[16 - 3 : 24 + 3, 24 - 5 : 36 + 5])


@pytest.mark.parametrize("repeat", ALL)
def test_networks_see_the_same_neighbours(repeat: Repeat) -> None:
    tile = noise()
    tensor = surrounded_tensor(torch.from_numpy(tile).permute(2, 0, 1)[None], 3, 5, repeat)[0].permute(1, 2, 0).numpy()

    expected = surrounded(tile, 3, 5, repeat)
    beyond = ((0, 0) if repeat != "x" else (3, 3), (0, 0) if repeat != "y" else (5, 5), (0, 0))
    np.testing.assert_array_equal(tensor, np.pad(expected, beyond))


@pytest.mark.parametrize("repeat", ALL)
def test_a_tile_that_joins_scores_about_one_and_one_that_does_not_far_more(repeat: Repeat) -> None:
    tile = waves(repeat)
    broken = tile.copy()
    broken[: 64 // 2, : 64 // 2] //= 3

    assert seam_over_inner(tile, repeat) < 1.1
    assert seam_over_inner(broken, repeat) > 1.5


def test_a_tile_that_joins_straight_does_not_join_as_a_half_drop() -> None:
    tile = waves("straight")

    assert seam_over_inner(tile, "straight") < 1.1
    assert seam_over_inner(tile, "half-drop") > 1.5


def test_a_step_at_the_edge_shows_however_flat_the_inside() -> None:
    ramp = np.repeat(np.repeat(np.linspace(0, 200, 64).astype(np.uint8)[None, :, None], 64, 0), 3, 2)

    assert seam_over_inner(ramp, "straight") > 10
    assert seam_over_inner(np.full((64, 64, 3), 90, np.uint8), "straight") == 1


@pytest.mark.parametrize("repeat", ALL)
def test_a_resized_tile_joins_as_before(repeat: Repeat) -> None:
    assert seam_over_inner(resized(waves(repeat), (96, 96), repeat), repeat) < 1.1
    assert seam_over_inner(resized(waves(repeat), (40, 40), repeat), repeat) < 1.1


def test_a_sheet_has_its_size_at_its_resolution_and_the_repeat_its_width() -> None:
    tile = waves("straight")

    printed = sheet(tile, "straight", 10, 5, 2.54, dpi=300)

    assert printed.shape == (591, 1181, 3)
    np.testing.assert_array_equal(printed[:, :300], printed[:, 300:600])


def test_colour_under_transparency_does_not_bleed_into_a_resized_tile() -> None:
    tile = np.zeros((16, 16, 4), np.uint8)
    tile[:, :8] = (200, 10, 10, 255)
    tile[:, 8:] = (0, 255, 0, 0)

    large = resized(tile, (64, 64), "straight")

    assert (large[..., 1][large[..., 3] > 8] < 40).all()
