"""Upscales onto canvases: sizes, refusals before a reservation, and prices."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from craftspark.errors import InvalidInput
from craftspark.models.catalogue import find_model
from craftspark.models.enlarging import MAX_ENLARGED_PIXELS
from craftspark.tools.canvases import (
    CANVASES,
    MAX_ENLARGEMENT,
    Canvas,
    CanvasName,
    describe_canvases,
    enlargement,
)
from craftspark.tools.sources import Source
from craftspark.tools.upscale import MAX_RESULT_SIDE, UpscaleRequest
from craftspark.tools.windows import fit_into

MODEL = find_model("craftspark-upscaler-x4").on("A10G")


def a_source(width: int, height: int, *, alpha: bool = False) -> Source:
    return Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=width, height=height, alpha=alpha)


def ask(source: Source, **fields: Any) -> UpscaleRequest:
    return UpscaleRequest(source=source.reference, **fields).for_sources((source,))


def refused(source: Source, **fields: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        ask(source, **fields)
    return refusal.value


def named(refusal: InvalidInput) -> list[str]:
    return [error["field"] for error in refusal.facts["errors"]]


def test_every_canvas_has_a_name_and_fits_the_limits_of_a_result() -> None:
    assert get_args(CanvasName) == tuple(CANVASES)
    for name, canvas in CANVASES.items():
        assert max(canvas.width, canvas.height) <= MAX_RESULT_SIDE
        assert canvas.width * canvas.height <= MAX_ENLARGED_PIXELS
        assert f"`{name}`: {canvas.width} x {canvas.height} at {canvas.dpi} dpi" in describe_canvases()


@given(st.integers(16, 4096), st.integers(16, 4096), st.sampled_from(list(CANVASES.values())))
def test_a_picture_fills_one_side_of_its_canvas_and_keeps_its_aspect(width: int, height: int, canvas: Canvas) -> None:
    wide, high = fit_into((width, height), canvas.size)

    assert wide <= canvas.width
    assert high <= canvas.height
    assert wide == canvas.width or high == canvas.height
    times = enlargement(width, height, canvas)
    assert abs(wide - width * times) <= 0.5 or wide == 1
    assert abs(high - height * times) <= 0.5 or high == 1


def test_without_a_factor_and_a_canvas_the_factor_is_two() -> None:
    assert ask(a_source(64, 64)).factor == 2
    assert ask(a_source(600, 600), canvas="shirt").factor is None


def test_a_factor_and_a_canvas_are_refused_together() -> None:
    assert named(refused(a_source(600, 600), factor=2, canvas="shirt")) == ["factor", "canvas"]


def test_a_source_that_is_too_small_for_the_canvas_is_refused_with_the_size_that_it_needs() -> None:
    refusal = refused(a_source(128, 128), canvas="shirt")

    assert named(refusal) == ["canvas", "source"]
    assert "enlarged 35.2 times" in refusal.detail
    assert f"the maximum is {MAX_ENLARGEMENT:g}" in refusal.detail
    assert "at least 450 pixels wide or 540 high" in refusal.detail
    assert ask(a_source(450, 128), canvas="shirt")
    assert ask(a_source(128, 540), canvas="shirt")
    assert refused(a_source(449, 539), canvas="shirt")


@pytest.mark.parametrize(("width", "height", "factor"), [(2049, 16, 4), (1501, 1500, 4), (3001, 3000, 2)])
def test_a_result_beyond_the_limits_is_refused(width: int, height: int, factor: Any) -> None:
    assert named(refused(a_source(width, height), factor=factor)) == ["factor", "source"]


@pytest.mark.parametrize(("width", "height", "factor"), [(2048, 1000, 4), (1500, 1500, 4), (3000, 3000, 2)])
def test_a_result_within_the_limits_is_larger_than_4096(width: int, height: int, factor: Any) -> None:
    assert ask(a_source(width, height), factor=factor).factor == factor


def test_a_canvas_costs_its_pixels_and_a_second_enlargement_its_seconds() -> None:
    def price(side: int) -> int:
        source = a_source(side, side)
        return ask(source, canvas="shirt").credits_per_image(MODEL, (source,))

    assert price(4096) == price(1200) == 6  # 24.3 megapixels
    assert price(890) == 10


def test_the_work_of_a_canvas_is_that_of_all_enlargements() -> None:
    def enlarged(side: int, *, alpha: bool = False) -> float:
        source = a_source(side, side, alpha=alpha)
        return ask(source, canvas="square").load(MODEL, (source,), 1).enlarged

    assert enlarged(4500) == 0
    assert enlarged(2250) < enlarged(1125) * 5
    assert enlarged(850) > enlarged(1125) * 8  # a second pass over sixteen times the pixels
    assert enlarged(1125, alpha=True) == pytest.approx(2 * enlarged(1125))


def test_the_estimate_has_the_whole_canvas_whatever_the_source() -> None:
    source = a_source(600, 60)
    load = ask(source, canvas="a4").load(MODEL, (source,), 1)

    assert load.written == load.painted == pytest.approx(2480 * 3508 / 1e6)
