"""Sources that are continued without drawing."""

import io
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from craftspark.tools.windows import Box
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.outpaint.extension import Draws, Extension, extend, measure_fringe, premultiply
from gpu_tasks.tools.outpaint.gradients import measure_slope

PLACES = {"all sides": (20, 30, 25, 35), "right": (0, 0, 40, 0), "top": (0, 40, 0, 0)}


def extended(source: Pixels, rooms: tuple[int, int, int, int] = (20, 30, 25, 35)) -> tuple[Extension, Pixels]:
    """The extension by these rooms on the left, at the top, on the right and at the bottom; and the source in it."""
    height, width = source.shape[:2]
    left, top, right, bottom = rooms
    place = Box(left, top, left + width, top + height)
    made = extend(source, place, (left + width + right, top + height + bottom), 1, "scenes")
    return made, made.pixels[place.top : place.bottom, place.left : place.right]


def is_whole(made: Extension) -> bool:
    return made.known == Box(0, 0, *made.pixels.shape[1::-1])


def repeating(kind: str, height: int, width: int) -> Pixels:
    y, x = np.mgrid[:height, :width]
    cover: NDArray[Any] = {
        "diagonal stripes": (x + y) % 18 < 9,
        "dots": np.hypot(x % 22 - 11, y % 22 - 11) < 6,
        "squares": ((x // 8 + y // 8) % 2).astype(bool),
        "thin lines": (x % 17 < 2) | (y % 17 < 2),
        "bricks": (((x + y // 10 % 2 * 12) % 24) < 3) | (y % 10 < 2),
    }[kind]
    return np.where(np.asarray(cover)[..., None], (200, 60, 40), (250, 240, 220)).astype(np.uint8)


@pytest.mark.parametrize("rooms", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("colour", [(255, 255, 255), (44, 74, 124), (0, 0, 0)])
def test_a_plain_ground_around_an_object_continues_and_nothing_else_appears(
    colour: tuple[int, int, int], rooms: tuple[int, int, int, int]
) -> None:
    source = np.full((60, 80, 3), colour, np.uint8)
    source[20:40, 30:50] = (200, 30, 30)

    made, inside = extended(source, rooms)

    assert is_whole(made)
    np.testing.assert_array_equal(inside, source)
    others = (made.pixels != np.array(colour)).any(2)
    assert others.sum() == 20 * 20


@pytest.mark.parametrize("lines", [(235, 240, 250), (255, 214, 190)], ids=["faint", "tinted"])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_lines_at_the_edge_of_a_plain_ground_are_not_continued(lines: tuple[int, int, int], width: int) -> None:
    source = np.full((60, 80, 3), lines, np.uint8)
    source[width:-width, width:-width] = 250
    source[20:40, 30:50] = (200, 30, 30)

    made, inside = extended(source)

    assert is_whole(made)
    np.testing.assert_array_equal(inside, source)
    outside = made.pixels.astype(int)
    outside[30:90, 20:100] = 250
    assert np.abs(outside - 250).max() <= 1


def test_lines_at_one_edge_of_a_gradient_are_not_continued() -> None:
    source = np.repeat(np.linspace(60, 180, 90).round().astype(np.uint8)[:, None, None], 90, 1).repeat(3, 2)
    source[:, -1] += 40

    made, inside = extended(source, (0, 0, 40, 0))

    assert is_whole(made)
    np.testing.assert_array_equal(inside, source)
    assert np.abs(made.pixels[:, 95:].astype(int) - source[:, :1]).max() <= 3


def test_what_an_edge_has_in_its_outermost_pixels_alone_is_kept_where_nothing_is_plain() -> None:
    """A source without a ground has no fringe."""
    source = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)

    assert measure_fringe(source) == 0


def test_a_clear_ground_stays_clear() -> None:
    source = np.zeros((60, 80, 4), np.uint8)
    source[..., :3] = (0, 255, 0)
    source[20:40, 30:50] = (200, 30, 30, 255)

    made, inside = extended(source)

    assert is_whole(made)
    np.testing.assert_array_equal(inside, source)
    assert (made.pixels[..., 3] > 0).sum() == 20 * 20


def test_a_gradient_goes_on() -> None:
    y, x = np.mgrid[:80, :120]
    source = np.stack([60 + x, 80 + y, np.full_like(x, 90)], 2).astype(np.uint8)

    made, inside = extended(source)

    assert is_whole(made)
    np.testing.assert_array_equal(inside, source)
    whole = made.pixels.astype(int)
    assert np.abs(np.diff(whole, axis=1)).max() <= 2
    assert (whole[60, -1, 0] - source[-1, -1, 0]) > 15
    assert (source[0, 0, 1] - whole[0, 60, 1]) > 15


def shaded(kind: str, height: int, width: int) -> Pixels:
    """A smooth ground with a disc in the middle."""
    y, x = (each / length for each, length in zip(np.mgrid[:height, :width], (height, width), strict=True))
    r = np.hypot(x - 0.5, y - 0.5)
    ground = {
        "plain": [244 + 0 * x, 236 + 0 * x, 214 + 0 * x],
        "down": [200 - 60 * y, 215 - 30 * y, 230 - 10 * y],
        "diagonal": [190 - 40 * y + 30 * x, 170 - 20 * x, 150 + 30 * y],
        "vignette": [235 - 140 * r**2, 225 - 160 * r**2, 205 - 160 * r**2],
        "glow": [90 + 80 * np.exp(-3 * r**2), 70 + 90 * np.exp(-3 * r**2), 120 + 60 * np.exp(-3 * r**2)],
    }[kind]
    inside = np.hypot(y * height - height / 2, x * width - width / 2) < 0.28 * min(height, width)
    return np.where(inside[..., None], (200, 40, 50), np.stack(ground, 2)).round().astype(np.uint8)


def compressed(picture: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("quality", [90, 60])
@pytest.mark.parametrize("kind", ["plain", "down", "diagonal", "vignette", "glow"])
def test_compression_does_not_change_how_a_ground_continues(kind: str, quality: int) -> None:
    """In the strip next to an edge, the steps of a compression are as high as a gradient. Continued, they were tints of
    up to 50 of 255.
    """
    source, rooms = shaded(kind, 240, 320), (100, 80, 100, 80)

    clean, _ = extended(source, rooms)
    made, _ = extended(compressed(source, quality), rooms)

    assert is_whole(made)
    apart = ndimage.uniform_filter(made.pixels.astype(float) - clean.pixels, (5, 5, 0))
    apart[80:320, 100:420] = 0
    assert np.abs(apart).max() <= 10


def test_a_gradient_next_to_an_object_is_that_of_the_ground() -> None:
    """The band in which a gradient is measured reaches into the object."""
    source = np.repeat(np.linspace(90, 140, 240).round()[None, :, None], 160, 0).repeat(3, 2).astype(np.uint8)
    plain = measure_slope(premultiply(source))
    source[30:150, 60:200] = (200, 30, 30)

    slope = measure_slope(premultiply(source))

    np.testing.assert_allclose(plain, 50 / 240, rtol=0.05)
    np.testing.assert_allclose(slope, plain, rtol=0.1)


def test_what_rounding_can_cause_is_no_gradient() -> None:
    noise = np.random.default_rng(2).normal(0, 3, (160, 240, 1)).repeat(3, 2)

    assert np.abs(measure_slope((128 + noise).astype(np.float32))).max() * 120 < 0.5


def test_a_gradient_does_not_run_far_beyond_the_colours_of_the_picture() -> None:
    source = np.repeat(np.linspace(90, 140, 100).round()[None, :, None], 60, 0).repeat(3, 2).astype(np.uint8)

    made, _ = extended(source, (0, 0, 900, 0))

    assert 150 < made.pixels.max() < 180


def test_rows_that_keep_their_colour_go_on_like_a_floor_below_a_wall() -> None:
    source = np.full((60, 80, 3), (220, 230, 210), np.uint8)
    source[40:] = (150, 100, 60)

    made, _ = extended(source, (30, 0, 30, 0))

    assert is_whole(made)
    assert (made.pixels[:40] == (220, 230, 210)).all()
    assert (made.pixels[40:] == (150, 100, 60)).all()


@pytest.mark.parametrize("sharpness", [0.0, 0.8])
def test_a_grain_goes_on_as_it_is_and_the_same_for_the_same_seed(sharpness: float) -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(3).normal(0, 1, (160, 160)), sharpness)
    source = (200 + 12 * noise / noise.std())[..., None].repeat(3, 2).round().clip(0, 255).astype(np.uint8)

    made, inside = extended(source, (0, 0, 80, 0))
    again, _ = extended(source, (0, 0, 80, 0))

    assert is_whole(made)
    np.testing.assert_array_equal(inside, source)
    np.testing.assert_array_equal(made.pixels, again.pixels)
    new = made.pixels[:, 160:].astype(float)
    assert abs(new.mean() - 200) < 3
    assert abs(new.std() - 12) < 2.5
    kept, grown = (np.diff(part, axis=0).std() for part in (source.astype(float), new))
    assert abs(grown / kept - 1) < 0.25


@pytest.mark.parametrize("kind", ["diagonal stripes", "dots", "squares", "thin lines", "bricks"])
def test_a_repeat_goes_on_exactly(kind: str) -> None:
    whole = repeating(kind, 165, 175)
    source = np.ascontiguousarray(whole[30:130, 20:150])

    made, _ = extended(source)

    assert is_whole(made)
    np.testing.assert_array_equal(made.pixels, whole)


def test_a_repeat_with_one_different_place_is_drawn() -> None:
    source = repeating("dots", 100, 130)
    source[40:60, 50:70] = (0, 0, 0)

    made, _ = extended(source)

    assert made.known == Box(20, 30, 150, 130)


def a_scene() -> Pixels:
    fields = np.random.default_rng(1).integers(0, 256, (12, 12, 3), np.uint8)
    return np.asarray(ndimage.zoom(fields, (8, 8, 1), order=1))


def test_only_the_sides_that_need_it_are_drawn() -> None:
    source = np.full((96, 96, 3), 255, np.uint8)
    source[60:] = a_scene()[60:]

    made, _ = extended(source, (0, 20, 0, 20))

    assert made.known == Box(0, 0, 96, 116)


def test_a_model_of_single_objects_draws_no_scene_and_mirrors_it() -> None:
    source = a_scene()

    made = extend(source, Box(0, 0, 96, 96), (140, 96), 1, "nothing")

    assert is_whole(made)
    np.testing.assert_array_equal(made.pixels[:, 96:], source[:, :-45:-1])


def test_an_shownthat_the_edge_cuts_off_is_rounded_off_and_stays_one() -> None:
    source = np.full((100, 100, 3), 255, np.uint8)
    source[40:60, 60:] = (200, 30, 30)

    made = extend(source, Box(0, 0, 100, 100), (160, 100), 1, "nothing")

    assert is_whole(made)
    shown: NDArray[np.bool_] = made.pixels[..., 1] < 128
    assert ndimage.label(shown)[1] == 1
    beyond = shown[:, 100:]
    assert 0.5 < beyond.sum() / (np.pi / 4 * 20 * 8) < 1.5
    assert not beyond[:, 10:].any()


def test_a_prompt_leaves_everything_to_the_model() -> None:
    made = extend(np.full((60, 80, 3), 255, np.uint8), Box(0, 0, 80, 60), (120, 60), 1, "all")

    assert made.known == Box(0, 0, 80, 60)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (16, 16), (5, 90)])
def test_small_sources_are_extended(size: tuple[int, int]) -> None:
    source = np.random.default_rng(2).integers(0, 256, (*size, 3), np.uint8)

    for draws in get_args(Draws):
        made = extend(source, Box(7, 9, 7 + size[1], 9 + size[0]), (200, 210), 1, draws)

        np.testing.assert_array_equal(made.pixels[9 : 9 + size[0], 7 : 7 + size[1]], source)
        assert made.pixels.shape == (210, 200, 3)
