"""Variations of pictures with real Diffusers and the built-in model."""

from typing import Any

import numpy as np
import pytest

from gpu_tasks.inference.order_inputs import fit_schedule
from tests.gpu.rendering import render, studio_with
from tests.gpu.test_tools import a_drawing, brought, the_order


@pytest.mark.parametrize("steps", [1, 4, 9])
@pytest.mark.parametrize(("tool", "fields"), [("variations", {}), ("pattern", {"way": "painted"})])
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


def test_variations_keep_what_a_picture_shows_the_more_the_less_strength() -> None:
    picture = a_drawing()
    source, fetch = brought(picture)
    by = studio_with(fetch)
    away = []
    for strength in (0.3, 0.9):
        orders = [the_order("variations", seed, source, prompt="sunflower", strength=strength) for seed in (1, 2)]
        first, second = (drawn.pixels.astype(int) for drawn in render(*orders, by=by))
        assert first.shape == picture.shape
        assert np.abs(first - second).mean() > 1
        away.append(np.abs(first - picture).mean())
    assert away[0] < away[1]


def test_a_variation_has_its_source_s_aspect_and_clear_is_white() -> None:
    picture = np.zeros((60, 120, 4), np.uint8)
    picture[20:40, 40:80] = (200, 0, 0, 255)
    source, fetch = brought(picture)

    [drawn] = render(the_order("variations", 1, source, strength=0.3), by=studio_with(fetch))

    assert drawn.pixels.shape == (64, 128, 3)
    assert drawn.pixels[:8].mean() > 220
