from dataclasses import replace

import numpy as np
import pytest
import torch

from craftspark.errors import ImageFlawed
from gpu_tasks.images.drawing import Drawing, Flaw, find_blank_flaw, reseed
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage, finish_unchanged
from gpu_tasks.images.safety import PictureCheck
from gpu_tasks.inference.diffusion import to_pixels
from gpu_tasks.renderers.tool_renderers import ToolRenderers
from tests.fakes import a_job, grey
from tests.gpu.rendering import MARKS, Lenient, silent


class Moody:
    """Draws with the given flaws, in the order of the requests."""

    def __init__(self, *flaws: Flaw | None) -> None:
        self.flaws = list(flaws)
        self.seeds: list[list[int]] = []

    def kind(self, order: ImageOrder) -> int:
        return 0

    def render(self, wave, on_step):  # type: ignore[no-untyped-def]
        self.seeds.append([order.seed for order in wave])
        on_step(0.5)
        return [Drawing(pixels=grey(order).pixels, seed=order.seed, flaw=self.flaws.pop(0)) for order in wave]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        return finish_unchanged(drawing)


def studio_of(renderer: Moody, picture_check: PictureCheck | None = None) -> ToolRenderers:
    return ToolRenderers({"picture": renderer}, wave_size=4, picture_check=picture_check or Lenient(), provenance=MARKS)


BAD, WORSE = Flaw(reason="it is bad", severity=1), Flaw(reason="it is worse", severity=2)
FATAL = Flaw(reason="it is no picture", severity=9, fatal=True)


def an_order(seed: int) -> ImageOrder:
    return ImageOrder.of(a_job(), 0, seed)


@pytest.mark.parametrize(
    ("flaws", "kept"),
    [([None], 0), ([BAD, None], 1), ([BAD, WORSE], 0), ([WORSE, BAD], 1), ([FATAL, BAD], 1), ([BAD, FATAL], 0)],
)
def test_a_flawed_drawing_gets_one_more_try_and_the_better_one_is_kept(flaws: list[Flaw | None], kept: int) -> None:
    renderer = Moody(*flaws)

    [drawn] = studio_of(renderer).render([an_order(7)], silent)

    assert isinstance(drawn, Drawing)
    assert drawn.seed == [7, reseed(an_order(7)).seed][kept]
    assert len(renderer.seeds) == len(flaws)


def test_a_drawing_that_another_seed_would_not_mend_is_kept_with_its_warning() -> None:
    renderer = Moody(Flaw(reason="it is unknown", severity=1, redrawn=False))
    studio = studio_of(renderer)

    [drawn] = studio.render([an_order(7)], silent)

    assert isinstance(drawn, Drawing)
    assert renderer.seeds == [[7]]
    assert studio.finish(an_order(7), drawn).warning == "it is unknown"


MISSED = Flaw(reason="it may not show a cat", severity=1, subject_missing=True)


@pytest.mark.parametrize(
    ("flaws", "missed"),
    [
        ([MISSED, MISSED], True),
        ([MISSED, None], False),
        ([BAD, BAD], False),
        ([replace(MISSED, redrawn=False)], False),
        ([None], False),
    ],
)
def test_an_image_misses_its_subject_if_no_drawing_of_two_shows_it(flaws: list[Flaw | None], missed: bool) -> None:
    studio = studio_of(Moody(*flaws))

    [drawn] = studio.render([an_order(7)], silent)

    assert isinstance(drawn, Drawing)
    assert studio.finish(an_order(7), drawn).subject_missed is missed


def test_only_the_flawed_drawing_of_a_wave_is_drawn_again() -> None:
    renderer = Moody(None, BAD, None, None)

    studio_of(renderer).render([an_order(1), an_order(2), an_order(3)], silent)

    assert renderer.seeds == [[1, 2, 3], [reseed(an_order(2)).seed]]


def test_what_is_no_picture_twice_is_not_delivered_and_those_beside_it_are() -> None:
    renderer = Moody(None, FATAL, FATAL)

    good, bad = studio_of(renderer).render([an_order(1), an_order(2)], silent)

    assert isinstance(good, Drawing)
    assert isinstance(bad, ImageFlawed)
    assert "no picture" in bad.detail


def test_progress_never_goes_back_in_a_second_try() -> None:
    told: list[float] = []

    studio_of(Moody(BAD, None)).render([an_order(1)], told.append)

    assert told == [0.5, 1.0]


def test_the_next_seed_is_none_of_the_siblings_and_stays_in_range() -> None:
    for seed in (0, 5, 2**32 - 1):
        following = reseed(an_order(seed)).seed
        assert 0 <= following < 2**32
        assert (following - seed) % 2**32 > 8


def test_numbers_that_are_none_and_one_flat_colour_are_no_picture() -> None:
    spoiled = torch.full((3, 8, 8), 0.5)
    spoiled[1, 2, 3] = float("nan")
    flat = np.full((8, 8, 3), (200, 10, 10), np.uint8)
    drawing = flat.copy()
    drawing[:4] = 0

    assert to_pixels(spoiled) is None
    assert [flaw and flaw.fatal for flaw in map(find_blank_flaw, (to_pixels(spoiled), flat, drawing))] == [
        True,
        True,
        None,
    ]
