import numpy as np
import pytest
from numpy.typing import NDArray

from craftspark.tools.windows import Box
from gpu_tasks.tools.outpaint.canvas import BAND, Canvas

WINDOW = (32, 32)
RNG = np.random.default_rng(1)


def a_canvas(width: int = 48, height: int = 32, place: Box | None = None) -> tuple[Canvas, np.ndarray]:
    source = RNG.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    return Canvas(source, place or Box(0, 0, 32, 32), (width, height), WINDOW), source


def test_what_is_further_from_the_new_than_the_band_is_never_changed() -> None:
    canvas, source = a_canvas()
    band = 32 // BAND

    canvas.add(Box(16, 0, 48, 32), RNG.integers(0, 255, (32, 32, 3), dtype=np.uint8))

    np.testing.assert_array_equal(canvas.pixels[:, : 32 - band + 1], source[:, : 32 - band + 1])
    assert (canvas.pixels[:, 32 - band + 1 : 32] != source[:, 32 - band + 1 :]).any()


def test_what_is_new_is_the_drawing_and_the_band_leads_over_to_it() -> None:
    canvas, _ = a_canvas()
    canvas.add(Box(16, 0, 48, 32), np.zeros((32, 32, 3), np.uint8))

    assert (canvas.pixels[:, 32:] == 0).all()
    weights = canvas_weights()
    assert (np.diff(weights) >= 0).all()
    assert weights[-1] == 1
    assert len(set(weights)) == 32 // BAND + 1


def canvas_weights() -> NDArray[np.float32]:
    canvas, _ = a_canvas()
    weights: NDArray[np.float32] = canvas.weights(Box(16, 0, 48, 32))[0]
    return weights


def test_a_second_drawing_in_the_same_place_changes_nothing() -> None:
    canvas, _ = a_canvas()
    window = Box(16, 0, 48, 32)
    canvas.add(window, np.zeros((32, 32, 3), np.uint8))
    before = canvas.pixels.copy()

    canvas.add(window, np.full((32, 32, 3), 255, np.uint8))

    np.testing.assert_array_equal(canvas.pixels, before)


def test_what_is_unknown_begins_as_the_edge_going_on() -> None:
    canvas, source = a_canvas(width=48, height=40, place=Box(8, 8, 40, 40))

    assert (canvas.view(Box(0, 8, 32, 40))[:, :8] == source[:, :1]).all()


def test_a_canvas_smaller_than_a_window_is_cut_out_of_it() -> None:
    canvas = Canvas(np.zeros((10, 20, 3), np.uint8), Box(0, 0, 20, 10), (24, 10), WINDOW)

    canvas.add(Box(0, 0, 32, 32), np.full((32, 32, 3), 255, np.uint8))

    assert canvas.pixels.shape == (10, 24, 3)
    assert (canvas.pixels[:, 20:] == 255).all()


@pytest.mark.parametrize("spoiled", [True, False])
def test_numbers_that_are_none_spoil_it(spoiled: bool) -> None:
    canvas, _ = a_canvas()

    canvas.add(Box(16, 0, 48, 32), None if spoiled else np.zeros((32, 32, 3), np.uint8))

    assert canvas.invalid is spoiled
