"""Outpainted pictures with real Diffusers and the built-in model, or with given drawings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from craftspark.errors import ImageFlawed
from craftspark.tools.windows import Box
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.diffusion import Sketch
from gpu_tasks.inference.manifests import identify
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.tools.outpaint.border import match_border
from gpu_tasks.tools.outpaint.canvas import remove_white
from gpu_tasks.tools.outpaint.extension import extend
from tests.gpu.rendering import render, silent, studio_with
from tests.gpu.tools.test_tools import a_drawing, brought, the_order

UPSCALER = identify(BUILT_IN / "craftspark-upscaler-x4", "craftspark-upscaler-x4")
SMALL = 128  # pixels per side, as the model draws
HALF_WIDER: dict[str, Any] = {"aspect": "3:2", "anchor": "left"}


def small_drawing() -> Pixels:
    return np.asarray(Image.fromarray(a_drawing()).resize((SMALL, SMALL)))


def a_soft_picture(side: int = 128) -> Pixels:
    """Something is everywhere in it (side, side, 3)."""
    fields = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(fields).resize((side, side), Image.Resampling.BICUBIC))


def with_speck(picture: Pixels) -> Pixels:
    """The picture with five dark pixels in each direction in its middle."""
    changed = picture.copy()
    changed[62:67, 62:67] = 0
    return changed


def outpainted(
    monkeypatch: pytest.MonkeyPatch, picture: Pixels, drawings: Sequence[Pixels], **fields: Any
) -> tuple[Drawing | Exception, list[Sketch]]:
    """The result for a picture where a model that draws scenes draws these; and the sketches that it was given."""
    source, fetch = brought(picture)
    by, left, asked = studio_with(fetch), list(drawings), list[Sketch]()

    def draw(sketches: Sequence[Sketch], _settings: object, on_step: Any) -> list[Pixels]:
        asked.extend(sketches)
        on_step(1.0)
        return [left.pop(0) for _ in sketches]

    diffusion = by._renderers["outpaint"]._diffusion  # type: ignore[attr-defined]
    monkeypatch.setattr(diffusion, "draw", draw)
    monkeypatch.setattr(diffusion, "model", replace(diffusion.model, draws_scenes=True))
    [drawn] = by.render([the_order("outpaint", 1, source, **{**HALF_WIDER, **fields})], silent)
    return drawn, asked


@pytest.mark.parametrize("side", [64, 300])
@pytest.mark.parametrize("prompt", ["", "sunflower"])
def test_the_source_stays_bit_for_bit_at_any_scale(side: int, prompt: str) -> None:
    picture = np.asarray(Image.fromarray(a_drawing()).resize((side, side)))
    source, fetch = brought(picture)
    order = the_order("outpaint", 6, source, prompt=prompt, aspect="2:1", steps=2)

    [drawn] = render(order, by=studio_with(fetch))

    assert drawn.pixels.shape == (side, 2 * side, 3)
    np.testing.assert_array_equal(drawn.pixels[:, side // 2 : side // 2 + side], picture)
    assert drawn.networks == (UPSCALER if prompt else {})


def test_a_canvas_is_drawn_once_in_the_size_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = a_soft_picture(600)

    drawn, [sketch] = outpainted(monkeypatch, picture, [a_soft_picture()])

    assert isinstance(drawn, Drawing)
    assert drawn.pixels.shape == (600, 900, 3)
    assert drawn.networks == UPSCALER
    assert sketch.start is not None
    assert sketch.unknown is not None
    assert sketch.start.shape == (128, 128, 3)
    small = np.asarray(Image.fromarray(picture).resize((85, 85), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(sketch.start[21:106, :85] - small).mean() < 3
    assert not sketch.unknown[22:105, :84].any()
    assert sketch.unknown[:, 86:].all()


def test_a_far_more_elongated_canvas_is_drawn_in_parts_that_lead_over_to_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawings = [np.full((128, 128, 3), level, np.uint8) for level in (60, 100, 140, 180, 220)]
    for drawing in drawings:
        drawing[::3] //= 2

    drawn, asked = outpainted(monkeypatch, a_soft_picture(), drawings, aspect="8:1")

    assert isinstance(drawn, Drawing)
    assert drawn.pixels.shape == (128, 1024, 3)
    assert len(asked) == 5
    assert len({sketch.seed for sketch in asked}) == 5
    steps = np.abs(np.diff(drawn.pixels[:, 400:].astype(int).mean(0), axis=0)).max()
    assert steps < 12


def test_images_of_different_canvases_share_a_wave_and_are_the_same_as_alone() -> None:
    source, fetch = brought(small_drawing())
    by = studio_with(fetch)
    orders = [
        the_order("outpaint", seed, source, prompt="a", steps=2, anchor=anchor, width=width, height=128)
        for seed, anchor, width in ((1, "left", 192), (2, "right", 700), (3, "centre", 200))
    ]
    assert by.kind(orders[0]) == by.kind(orders[1])

    together = render(*orders, by=by)

    for order, drawn in zip(orders, together, strict=True):
        np.testing.assert_array_equal(render(order, by=by)[0].pixels, drawn.pixels)


def test_progress_never_goes_back_and_ends() -> None:
    source, fetch = brought(small_drawing())
    told: list[float] = []

    studio_with(fetch).render([the_order("outpaint", 1, source, prompt="a", aspect="8:1", steps=2)], told.append)

    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


# Alpha.


def a_sticker() -> Pixels:
    picture = np.zeros((128, 128, 4), np.uint8)
    picture[40:90, 40:90] = (200, 30, 30, 255)
    return picture


def test_a_prompt_beside_a_clear_ground_draws_on_a_clear_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = np.full((128, 128, 3), 255, np.uint8)
    drawing[50:80, 100:120] = (20, 120, 40)

    drawn, _ = outpainted(monkeypatch, a_sticker(), [drawing], prompt="leaf")

    assert isinstance(drawn, Drawing)
    assert drawn.pixels.shape == (128, 192, 4)
    np.testing.assert_array_equal(drawn.pixels[:, :128], a_sticker())
    assert (drawn.pixels[:30, 128:, 3] == 0).all()
    assert drawn.pixels[64, 165, 3] > 200


def test_an_opaque_edge_has_an_opaque_new_area(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.dstack([a_soft_picture(), np.full((128, 128), 255, np.uint8)])
    picture[60:70, 60:70, 3] = 0

    drawn, _ = outpainted(monkeypatch, picture, [a_soft_picture()])

    assert isinstance(drawn, Drawing)
    np.testing.assert_array_equal(drawn.pixels[:, :128], picture)
    assert (drawn.pixels[:, 128:, 3] == 255).all()


def test_colours_without_white_are_the_same_on_white() -> None:
    colours = a_soft_picture()

    clear = remove_white(colours).astype(float)

    on_white = clear[..., :3] * clear[..., 3:] / 255 + 255 - clear[..., 3:]
    assert np.abs(on_white - colours).max() <= 2
    assert (remove_white(np.full((1, 1, 3), 255, np.uint8))[..., 3] == 0).all()


# The border.


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_drawing_of_another_tone_has_no_visible_border(side: str) -> None:
    picture = np.full((90, 90, 3), (200, 180, 160), np.uint8)
    drawing = np.full((90, 90, 3), (170, 170, 190), np.uint8)
    known = {
        "left": Box(30, 0, 90, 90),
        "right": Box(0, 0, 60, 90),
        "top": Box(0, 30, 90, 90),
        "bottom": Box(0, 0, 90, 60),
    }

    matched = match_border(picture, known[side], drawing, 1.0).astype(int)

    steps = max(np.abs(np.diff(matched, axis=axis)).max() for axis in (0, 1))
    assert steps <= 2
    inside = known[side]
    assert (matched[inside.top : inside.bottom, inside.left : inside.right] == (200, 180, 160)).all()


def test_details_of_the_border_end_beside_it() -> None:
    picture = np.full((90, 90, 3), 200, np.uint8)
    picture[::2] = 100
    drawing = np.full((90, 90, 3), 150, np.uint8)

    matched = match_border(picture, Box(0, 0, 60, 90), drawing, 1.0).astype(int)

    assert np.ptp(matched[20:70, 60], axis=0).max() > 10
    assert np.ptp(matched[20:70, 75], axis=0).max() <= 4


def test_a_tinted_line_at_the_edge_of_a_source_does_not_tint_what_is_drawn() -> None:
    picture = np.full((90, 90, 3), 200, np.uint8)
    picture[:, 58:60] = (255, 150, 150)
    drawing = np.full((90, 90, 3), 180, np.uint8)

    matched = match_border(picture, Box(0, 0, 60, 90), drawing, 1.0, fringe=2).astype(int)

    assert np.abs(matched[:, 60] - (255, 150, 150)).max() <= 20
    assert np.abs(matched[:, 76:] - 200).max() <= 8


def test_a_source_tells_its_canvas_how_wide_its_fringe_is() -> None:
    source = np.full((60, 80, 3), 200, np.uint8)
    source[:2] = source[-2:] = source[:, :2] = source[:, -2:] = (255, 150, 150)

    made = extend(source, Box(20, 0, 100, 60), (120, 60), 1, "all")

    assert made.fringe == 2
    assert made.known == Box(20, 0, 100, 60)


# Flaws.


SOFT = a_soft_picture()
BLANKS = {
    "flat": np.full((128, 128, 3), 120, np.uint8),
    "white": np.full((128, 128, 3), 255, np.uint8),
}


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_new_area_is_drawn_once_more_and_then_fails(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    failed, asked = outpainted(monkeypatch, SOFT, [BLANKS[blank], BLANKS[blank]])
    drawn, _ = outpainted(monkeypatch, SOFT, [BLANKS[blank], SOFT])

    assert isinstance(failed, ImageFlawed)
    assert "beyond the source, it is" in failed.detail
    assert len({sketch.seed for sketch in asked}) == 2
    assert isinstance(drawn, Drawing)
    assert drawn.flaw is None


def test_a_plain_ground_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = with_speck(BLANKS["white"])

    continued, asked = outpainted(monkeypatch, plain, [])
    goes_on, _ = outpainted(monkeypatch, plain, [BLANKS["white"]], prompt="a")

    assert isinstance(continued, Drawing)
    assert asked == []
    assert isinstance(goes_on, Drawing)
