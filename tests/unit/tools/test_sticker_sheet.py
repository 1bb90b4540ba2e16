"""Requests for sticker sheets: what is refused before credits are reserved, and the price."""

import json
from dataclasses import replace
from typing import Any

import pytest

from craftspark.errors import InvalidInput
from craftspark.models.catalogue import find_model
from craftspark.parsing.json_values import parse_request
from craftspark.tools.papers import PAPERS
from craftspark.tools.print_marks import margin_mm, paper_margin_mm
from craftspark.tools.sources import Source
from craftspark.tools.sticker_sheet import StickerSheetRequest
from craftspark.tools.upscale import UpscaleRequest

MODEL = find_model("craftspark-upscaler-x4")
SOURCE = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=300, height=200, alpha=True)


def ask(*stickers: dict[str, Any], **fields: Any) -> StickerSheetRequest:
    body = {**fields, "stickers": [{"source": SOURCE.reference, **sticker} for sticker in stickers]}
    return parse_request(StickerSheetRequest, json.dumps(body)).for_model(MODEL)


def refused(*stickers: dict[str, Any], **fields: Any) -> tuple[set[str], str]:
    with pytest.raises(InvalidInput) as refusal:
        ask(*stickers, **fields)
    named = {error["field"] for error in refusal.value.facts["errors"]}
    return named, refusal.value.detail


def test_papers_have_the_sizes_of_their_standards() -> None:
    assert (PAPERS["letter"].width_mm, PAPERS["letter"].height_mm) == pytest.approx((8.5 * 25.4, 11 * 25.4))
    assert PAPERS["12x12"].width_mm == PAPERS["12x12"].height_mm == pytest.approx(12 * 25.4)
    for small, large in (("a5", "a4"),):
        assert PAPERS[large].width_mm == PAPERS[small].height_mm  # type: ignore[index]
        assert PAPERS[large].height_mm // 2 == PAPERS[small].width_mm  # type: ignore[index]
    assert all(paper.width_mm <= paper.height_mm and paper.standard for paper in PAPERS.values())


@pytest.mark.parametrize("bleed", [0, 2, 10])
def test_the_margin_of_a_paper_has_room_for_the_marks_and_the_edge(bleed: float) -> None:
    assert paper_margin_mm(bleed, "none") == 5 + bleed
    assert paper_margin_mm(bleed, "crop") == margin_mm(bleed, "crop") + 5
    assert paper_margin_mm(bleed, "registration") == margin_mm(bleed, "registration") == 25 + bleed


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "stickers"),
        ({"stickers": []}, "stickers"),
        ({"stickers": [{"source": SOURCE.reference}] * 13}, "stickers"),
        ({"stickers": [{}]}, "stickers.0.source"),
        ({"stickers": [{"source": SOURCE.reference, "width_mm": 9}]}, "stickers.0.width_mm"),
        ({"stickers": [{"source": SOURCE.reference, "copies": 0}]}, "stickers.0.copies"),
        ({"stickers": [{"source": SOURCE.reference, "size": 3}]}, "stickers.0.size"),
        ({"stickers": [{"source": "https://example.com/a.png"}]}, "stickers.0.source"),
        ({"stickers": [{"source": SOURCE.reference}], "paper": "a3"}, "paper"),
        ({"stickers": [{"source": SOURCE.reference}], "count": 2}, "count"),
    ],
)
def test_an_invalid_field_is_named_with_its_sticker(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_request(StickerSheetRequest, json.dumps(body))

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("fields", "widest"),
    [
        ({"rotate": False}, 198 - 4),
        ({"rotate": True}, 285 - 4),
        ({"rotate": False, "paper": "12x12", "outline_mm": 0}, 293),
        ({"rotate": False, "marks": "registration", "bleed_mm": 1}, 210 - 2 * 26 - 2 - 4),
    ],
)
def test_a_sticker_wider_than_the_paper_is_refused_with_what_fits(fields: dict[str, Any], widest: int) -> None:
    assert ask({"width_mm": widest}, **fields)

    named, detail = refused({"width_mm": 20}, {"width_mm": widest + 1}, **fields)

    assert named == {"stickers.1.width_mm", "outline_mm", "paper"}
    assert f"set width_mm to at most {widest}" in detail


def test_a_border_that_leaves_no_room_is_refused() -> None:
    _, detail = refused(
        {"width_mm": 50}, paper="a5", marks="registration", bleed_mm=10, gap_mm=50, outline_mm=20, rotate=False
    )

    assert "set width_mm to at most 36" in detail


def test_bleeds_that_overlap_are_refused() -> None:
    assert ask({}, bleed_mm=1.5, gap_mm=3)

    named, detail = refused({}, bleed_mm=2, gap_mm=3)

    assert named == {"bleed_mm", "gap_mm"}
    assert "increase gap_mm to 4" in detail


def test_copies_that_no_page_has_room_for_are_refused_with_how_many_fit() -> None:
    named, detail = refused({"width_mm": 50, "copies": 100}, paper="a5", outline_mm=5, gap_mm=10)

    assert {"stickers.0.copies", "gap_mm", "outline_mm", "paper"} == named
    assert "at most 21 do" in detail
    assert ask({"width_mm": 50, "copies": 21}, paper="a5", outline_mm=5, gap_mm=10)
    assert refused(*[{"width_mm": 10, "copies": 100}] * 5, outline_mm=0, gap_mm=0)[0] == {
        f"stickers.{number}.copies" for number in range(5)
    }


def test_an_object_that_is_too_high_is_refused_if_its_height_is_known() -> None:
    tall = replace(SOURCE, object_aspect=3.0)
    request = ask({"width_mm": 50}, {"width_mm": 100})

    assert request.for_sources((tall, SOURCE)) == request
    with pytest.raises(InvalidInput, match=r"sticker 2 is at least 104 x 304 mm .* room for 198 x 285 mm") as refusal:
        request.for_sources((tall, tall))

    assert refusal.value.field == "stickers.1.width_mm"
    lying = replace(SOURCE, object_aspect=0.9)
    assert ask({"width_mm": 250}, rotate=False, paper="12x12").for_sources((lying,))
    assert ask({"width_mm": 160, "copies": 1}, paper="a4").for_sources((replace(SOURCE, object_aspect=1.2),))
    with pytest.raises(InvalidInput, match="sticker 1"):
        ask({"width_mm": 230}).for_sources((lying,))


def test_copies_are_counted_with_the_heights_that_are_known() -> None:
    request = ask({"width_mm": 50, "copies": 21}, paper="a5", outline_mm=5, gap_mm=10)

    with pytest.raises(InvalidInput, match="at most 6 do") as refusal:
        request.for_sources((replace(SOURCE, object_aspect=1.0),))

    assert refusal.value.field == "stickers.0.copies"


def test_a_source_without_transparency_is_refused_with_the_tool_that_helps() -> None:
    request, solid = ask({}, {}), replace(SOURCE, alpha=False)

    assert request.for_sources((SOURCE, SOURCE)) == request
    with pytest.raises(InvalidInput, match="tool cutout") as refusal:
        request.for_sources((SOURCE, solid))

    assert refusal.value.field == "stickers.1.source"


def test_each_sticker_names_its_source() -> None:
    other = f"{'b' * 26}/3"
    request = ask({}, {"source": other})
    bare = StickerSheetRequest.remove_sources(request.model_dump())

    assert request.wanted_sources == {"stickers.0.source": SOURCE.reference, "stickers.1.source": other}
    assert SOURCE.reference not in json.dumps(bare)
    named = StickerSheetRequest.add_sources(bare, [SOURCE.reference, other])
    assert StickerSheetRequest.model_validate(named, strict=False) == request
    assert StickerSheetRequest.add_sources({"stickers": 3}, [other]) == {"stickers": 3}
    assert UpscaleRequest(source=other).wanted_sources == {"source": other}


def test_the_price_follows_the_page_and_the_stickers() -> None:
    small, large = replace(SOURCE, width=64, height=64), replace(SOURCE, width=1600, height=900)
    one, many = ask({}), ask(*[{}] * 12)

    assert one.load(MODEL, (large,), 1).enlarged == 0 < one.load(MODEL, (small,), 1).enlarged
    assert one.load(MODEL, (large,), 1).written < ask({}, paper="12x12").load(MODEL, (large,), 1).written
    assert one.credits_per_image(MODEL, (large,)) < many.credits_per_image(MODEL, (replace(large, width=500),) * 12)
