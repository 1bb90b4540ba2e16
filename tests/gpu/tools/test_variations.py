"""Variations of pictures with real Diffusers and the built-in model."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from craftspark.tools.windows import Box
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.order_inputs import fit_schedule
from gpu_tasks.tools.variations.keeping import find_kept, put_back
from gpu_tasks.tools.variations.placing import fill_window, find_place, widen
from tests.gpu.rendering import render, studio_with
from tests.gpu.tools.test_tools import a_drawing, brought, the_order


@pytest.mark.parametrize(
    ("tool", "fields", "steps"), [("variations", {}, 1), ("variations", {}, 9), ("pattern", {"way": "painted"}, 9)]
)
def test_the_lowest_strength_draws_one_step_with_any_number_of_steps(
    tool: str, fields: dict[str, Any], steps: int
) -> None:
    source, fetch = brought(a_drawing())
    told: list[float] = []
    order = the_order(tool, 1, source, steps=steps, strength=0.1, **fields)

    [drawn] = studio_with(fetch).render([order], told.append)

    assert not isinstance(drawn, Exception)
    assert set(told) == {1.0}


def test_a_schedule_has_one_step_at_least_and_never_more_noise_than_the_strength() -> None:
    for steps in range(1, 101):
        for strength in np.linspace(0.1, 0.95, 86):
            fitted, start = fit_schedule(steps, float(strength))
            assert start is not None
            assert start <= strength
            if int(steps * strength):
                assert (fitted, start) == (steps, strength)
            else:
                # Pipelines round down the number of steps to draw, or the number to skip.
                assert int(fitted * start) == fitted - int(fitted - fitted * start) == 1


def a_disc(
    size: tuple[int, int], ground: tuple[int, ...], place: tuple[int, int, int, int], colour: str = "#c81e1e"
) -> Pixels:
    """A disc in a box on a plain ground (height, width, as many channels as the ground)."""
    picture = Image.new("RGBA" if len(ground) == 4 else "RGB", size, ground)
    ImageDraw.Draw(picture).ellipse(place, fill=colour)
    return np.asarray(picture)


def varied(picture: Pixels, **fields: Any) -> Pixels:
    source, fetch = brought(picture)
    [drawn] = render(the_order("variations", 1, source, **{"steps": 2, **fields}), by=studio_with(fetch))
    return drawn.pixels


@pytest.mark.parametrize(
    ("size", "ground"),
    [
        ((16, 16), (255, 255, 255)),
        ((61, 127), (0, 0, 0, 0)),
        ((300, 40), (40, 70, 120)),
        ((601, 400), (255, 255, 255)),
        ((700, 520), (0, 0, 0, 0)),
    ],
    ids=str,
)
def test_a_variation_has_exactly_the_size_and_the_channels_of_its_source(
    size: tuple[int, int], ground: tuple[int, ...]
) -> None:
    picture = a_disc(size, ground, (size[0] // 3, size[1] // 3, size[0] * 2 // 3, size[1] * 2 // 3))

    assert varied(picture, prompt="red ball").shape == picture.shape


def test_variations_are_nearer_to_the_source_with_less_strength_and_differ_by_seed() -> None:
    picture = a_drawing()
    source, fetch = brought(picture)
    by = studio_with(fetch)
    away = []
    for strength in (0.3, 0.9):
        orders = [the_order("variations", seed, source, prompt="sunflower", strength=strength) for seed in (1, 2)]
        first, second = (drawn.pixels.astype(int) for drawn in render(*orders, by=by))
        assert np.abs(first - second).mean() > 0.5
        away.append(np.abs(first - picture).mean())
    assert away[0] < away[1]


@pytest.mark.parametrize("strength", [0.1, 0.6])
def test_a_clear_ground_stays_clear_and_the_object_solid(strength: float) -> None:
    picture = a_disc((300, 200), (0, 0, 0, 0), (100, 50, 200, 150))

    alpha = varied(picture, prompt="red ball", strength=strength, steps=8)[..., 3]

    assert alpha[:40].max() == alpha[:, :80].max() == 0
    assert alpha[80:120, 130:170].min() == 255


def test_a_picture_that_is_solid_with_an_alpha_channel_stays_solid() -> None:
    picture = np.dstack([a_drawing(), np.full((128, 128), 255, np.uint8)])
    picture[:4, :4, 3] = 0

    np.testing.assert_array_equal(varied(picture, strength=0.6)[..., 3], picture[..., 3])


def test_a_white_object_on_a_clear_ground_keeps_its_shape() -> None:
    picture = a_disc((200, 200), (0, 0, 0, 0), (50, 50, 150, 150), "#ffffff")

    assert np.abs(varied(picture, strength=0.1)[..., 3].astype(int) - picture[..., 3]).mean() < 2


@pytest.mark.parametrize(
    ("ground", "strength"), [((40, 70, 120), 0.6), ((250, 247, 240), 0.6), ((255, 255, 255), 0.1)], ids=str
)
def test_a_plain_ground_keeps_its_colour_around_what_is_drawn(ground: tuple[int, int, int], strength: float) -> None:
    picture = a_disc((400, 300), ground, (150, 100, 250, 200), "#c03020")

    drawn = varied(picture, prompt="red ball", strength=strength, steps=8)

    np.testing.assert_array_equal(drawn[:60], picture[:60])
    np.testing.assert_array_equal(drawn[:, :100], picture[:, :100])
    # The corner of the part that is drawn, where the drawing itself is white.
    assert np.abs(drawn[86:94, 137:145].astype(int) - ground).max() <= 3


def test_at_low_strength_detail_stays_that_the_model_cannot_draw() -> None:
    picture = a_disc((400, 400), (255, 255, 255), (100, 100, 300, 300), "#3070c0").copy()
    picture[:, 150:250:4] = np.where(picture[:, 150:250:4] < 255, 20, picture[:, 150:250:4])
    inside = slice(130, 270), slice(150, 250)

    little, much = (varied(picture, prompt="blue ball", strength=strength)[inside] for strength in (0.1, 0.8))

    assert (little == picture[inside]).mean() > 0.6
    assert (much == picture[inside]).mean() < 0.1


def test_what_stands_out_from_a_plain_or_clear_ground_fills_the_window() -> None:
    for ground in ((255, 255, 255), (40, 70, 120), (0, 0, 0, 0)):
        picture = a_disc((1000, 600), ground, (700, 100, 899, 299))

        place = find_place(picture, (128, 128))

        part = place.part
        assert part.holds(Box(690, 90, 910, 310))
        assert max(part.right - part.left, part.bottom - part.top) < 260
        window = fill_window(picture, place)
        assert (place.inner.right - place.inner.left, window.shape) == (128, (128, 128, 3))
        assert window[0, 0].tolist() == [255, 255, 255]


def test_a_picture_without_a_plain_ground_is_shown_whole() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (90, 200, 3), np.uint8)

    place = find_place(picture, (128, 128))

    assert (place.part, place.inner, place.ground) == (Box(0, 0, 200, 90), Box(0, 35, 128, 93), None)


@pytest.mark.parametrize(
    ("box", "aspect", "widened"),
    [
        (Box(40, 40, 60, 60), 1.0, Box(40, 40, 60, 60)),
        (Box(40, 40, 60, 80), 1.0, Box(30, 40, 70, 80)),
        (Box(0, 40, 10, 80), 1.0, Box(0, 40, 40, 80)),
        (Box(90, 40, 100, 80), 1.0, Box(60, 40, 100, 80)),
        (Box(40, 40, 60, 50), 0.5, Box(40, 25, 60, 65)),
        (Box(10, 0, 20, 100), 2.0, Box(0, 0, 100, 100)),
    ],
)
def test_a_part_is_widened_to_an_aspect_inside_the_picture(box: Box, aspect: float, widened: Box) -> None:
    assert widen(box, aspect, (100, 100)) == widened


def test_what_a_drawing_kept_stays_to_the_bit_and_a_change_stays_too() -> None:
    source = np.random.default_rng(2).integers(0, 256, (80, 80, 4), np.uint8)
    start = np.full((40, 40, 3), 200, np.uint8)
    drawn = start.copy()
    drawn[:, 20:] = (0, 90, 0)
    new = np.full((80, 80, 4), 255, np.uint8)

    kept = find_kept(drawn, start, 0.1)
    result = put_back(source, new, Box(0, 0, 80, 80), kept)

    np.testing.assert_array_equal(result[:, :28], source[:, :28])
    np.testing.assert_array_equal(result[:, 52:], new[:, 52:])
    assert find_kept(start + 20, start, 0.1).min() == 255
    assert find_kept(start + 20, start, 0.8).max() == 0


def test_a_drawing_fades_where_the_picture_continues_and_only_there() -> None:
    picture, new = np.zeros((64, 64, 3), np.uint8), np.full((32, 32, 3), 200, np.uint8)

    result = put_back(picture, new, Box(0, 16, 32, 48), np.zeros((8, 8), np.uint8))

    inside = result[16:48, :32, 0]
    assert inside[16, 0] == 200
    assert inside[0, 16] < inside[1, 16] < 200
    assert inside[16, -1] < 200
    assert result[:16].max() == result[:, 32:].max() == 0
