"""Requests with contradictory fields are rejected, and the error names each field."""

import json
from dataclasses import replace
from typing import Any

import pytest

from craftspark.errors import InvalidInput
from craftspark.parsing.json_values import parse_request
from craftspark.tools import find_tool
from tests.unit.tools.asking import BUILT_IN, CASES, FROM, SOURCE, ask, refused

PAIRS: list[tuple[str, dict[str, Any], set[str]]] = [
    # Two looks, and words that cancel each other.
    ("picture", {"prompt": "a", "style": "bold-flat", "preset": "linocut"}, {"style", "preset"}),
    ("variations", {**FROM, "style": "bold-flat", "preset": "linocut"}, {"style", "preset"}),
    ("picture", {"prompt": "a", "negative_prompt": "text", "guidance": 1}, {"negative_prompt", "guidance"}),
    (
        "outpaint",
        {**FROM, "width": 200, "prompt": "a", "negative_prompt": "b", "guidance": 1},
        {"negative_prompt", "guidance"},
    ),
    # The built-in model draws a new area only for a prompt.
    ("outpaint", {**FROM, "width": 200, "negative_prompt": "b"}, {"negative_prompt", "prompt"}),
    ("outpaint", {**FROM, "width": 200, "style": "bold-flat"}, {"style", "prompt"}),
    ("picture", {"prompt": "A red  apple", "negative_prompt": "a Red apple"}, {"negative_prompt", "prompt"}),
    ("variations", {**FROM, "prompt": "cat", "negative_prompt": "cat"}, {"negative_prompt", "prompt"}),
    ("pattern", {"prompt": "a", "also": ["bee", "ant"], "negative_prompt": "ant"}, {"negative_prompt", "also.1"}),
    # Clipart: the cut file and its settings.
    ("clipart", {"prompt": "a", "width_mm": 10, "smallest_mm": 20}, {"width_mm", "smallest_mm"}),
    ("clipart", {"prompt": "a", "width_mm": 15, "smallest_mm": 15, "margin": 0}, {"width_mm", "smallest_mm"}),
    ("clipart", {"prompt": "a", "cut": "outline", "layers": "knockout"}, {"cut", "layers"}),
    ("clipart", {"prompt": "a", "width_mm": 10, "outline_mm": 10}, {"width_mm", "outline_mm"}),
    ("clipart", {"prompt": "a", "cut": "outline", "colours": 6}, {"cut", "colours"}),
    ("clipart", {"prompt": "a", "cut": "outline", "colours": 16}, {"cut", "colours"}),
    # Pattern: the two ways, and the fields of each.
    ("pattern", {}, {"prompt", "source"}),
    ("pattern", {**FROM, "strength": 0.5}, {"strength", "way"}),
    ("pattern", {**FROM, "prompt": "a", "also": ["b", "c", "d"]}, {"also", "source"}),
    ("pattern", {"prompt": "a", "repeat": "mirror"}, {"repeat", "way"}),
    # Pattern: words and looks where the source is used unchanged.
    ("pattern", {**FROM, "negative_prompt": "b"}, {"negative_prompt", "source"}),
    ("pattern", {**FROM, "way": "painted", "repeat": "mirror", "style": "bold-flat"}, {"style", "source"}),
    # Pattern: the colours of the palette.
    ("pattern", {"prompt": "a", "palette": ["#AA0000", "#00aa00", "#aa0000"]}, {"palette.0", "palette.2"}),
    ("pattern", {"prompt": "a", "way": "painted", "palette": ["#aa0000"]}, {"palette", "way"}),
    ("pattern", {"prompt": "a", "source_use": "palette"}, {"source_use", "source"}),
    ("pattern", {**FROM, "prompt": "a", "source_use": "palette", "palette": ["#aa0000"]}, {"palette", "source_use"}),
    ("pattern", {**FROM, "source_use": "palette"}, {"prompt", "source"}),
    (
        "pattern",
        {**FROM, "prompt": "a", "way": "painted", "source_use": "palette", "strength": 0.5},
        {"strength", "source"},
    ),
    ("pattern", {"prompt": "a", "strength": 0.5}, {"strength", "source"}),
    ("pattern", {"prompt": "a", "way": "painted", "strength": 0.5}, {"strength", "source"}),
    ("pattern", {"prompt": "a", "repeat": "x"}, {"repeat", "way"}),
    ("pattern", {"prompt": "a", "repeat": "y"}, {"repeat", "way"}),
    ("pattern", {"prompt": "a", "way": "painted", "also": ["b"]}, {"also", "way"}),
    ("pattern", {"prompt": "a", "way": "painted", "toss": {}}, {"toss", "way"}),
    ("pattern", {"prompt": "a", "way": "painted", "background": "transparent"}, {"background", "way"}),
    ("pattern", {"prompt": "a", "way": "painted", "background": "#ffffff"}, {"background", "way"}),
    # Pattern: more motifs than fit into the tile.
    (
        "pattern",
        {"prompt": "a", "also": ["b"], "toss": {"size": 0.5, "size_spread": 0, "spacing": 0.25}},
        {"also", "toss.size", "toss.spacing"},
    ),
    (
        "pattern",
        {"prompt": "a", "also": ["b"], "repeat": "brick", "toss": {"size": 0.5, "size_spread": 0, "spacing": 0.13}},
        {"also", "toss.size", "toss.spacing"},
    ),
    # Pattern: a sheet that is smaller than a repeat, or has more pixels than allowed.
    ("pattern", {"prompt": "a", "sheet": {"width": 4, "repeat": 5}}, {"sheet.repeat", "sheet.width"}),
    ("pattern", {"prompt": "a", "sheet": {"height": 4, "repeat": 5}}, {"sheet.repeat", "sheet.height"}),
    (
        "pattern",
        {"prompt": "a", "way": "painted", "repeat": "x", "sheet": {"height": 20}},
        {"sheet.height", "repeat"},
    ),
    ("pattern", {"prompt": "a", "way": "painted", "repeat": "y", "sheet": {"width": 20}}, {"sheet.width", "repeat"}),
    # Pattern: a bleed and marks around the sheet.
    (
        "pattern",
        {"prompt": "a", "way": "painted", "repeat": "x", "sheet": {"bleed_mm": 3}},
        {"sheet.bleed_mm", "repeat"},
    ),
    ("pattern", {"prompt": "a", "sheet": {"width": 150, "bleed_mm": 3}}, {"sheet.width", "sheet.bleed_mm"}),
    (
        "pattern",
        {"prompt": "a", "sheet": {"width": 149, "height": 149, "bleed_mm": 1, "marks": "registration"}},
        {"sheet.width", "sheet.height", "sheet.bleed_mm", "sheet.marks"},
    ),
    # Outpaint and upscale: the result and its source.
    ("outpaint", {**FROM}, {"width", "height", "aspect"}),
    ("outpaint", {**FROM, "aspect": "2:1", "width": 192}, {"aspect", "width"}),
    ("outpaint", {**FROM, "aspect": "2:1", "height": 96, "width": 192}, {"aspect", "width", "height"}),
    ("outpaint", {**FROM, "width": 80}, {"width", "source"}),
    ("outpaint", {**FROM, "height": 63}, {"height", "source"}),
    ("outpaint", {**FROM, "width": 96, "height": 64}, {"width", "height", "source"}),
    ("outpaint", {**FROM, "aspect": "3:2"}, {"aspect", "source"}),
    ("outpaint", {**FROM, "width": 200, "left": 0, "anchor": "right"}, {"left", "anchor"}),
    ("outpaint", {**FROM, "width": 200, "left": 105}, {"left", "source"}),
    ("outpaint", {**FROM, "aspect": "1:1", "top": 33}, {"top", "source"}),
    # Cutout: cut files without a width, and pieces of less than a pixel of the source.
    ("cutout", {**FROM, "outline_mm": 3}, {"outline_mm", "width_mm"}),
    ("cutout", {**FROM, "mirror": True, "cut": "outline"}, {"mirror", "cut", "width_mm"}),
    ("cutout", {**FROM, "width_mm": 100, "cut": "outline", "colours": 3}, {"cut", "colours"}),
    ("cutout", {**FROM, "width_mm": 10, "smallest_mm": 10}, {"smallest_mm", "width_mm"}),
    ("cutout", {**FROM, "width_mm": 100, "smallest_mm": 0.5}, {"smallest_mm", "width_mm", "source"}),
    # Line art: lines without space between them.
    ("lineart", {**FROM, "width_mm": 20, "line_mm": 1.5}, {"line_mm", "width_mm"}),
]


def id_of(value: object) -> str:
    """An id that is the same in every process. A set has no fixed order, so it is sorted."""
    return str(sorted(value) if isinstance(value, set) else value) if value else "nothing"


@pytest.mark.parametrize(("tool", "fields", "named"), PAIRS, ids=id_of)
def test_contradictory_fields_are_rejected_with_their_names(tool: str, fields: dict[str, Any], named: set[str]) -> None:
    refusal = refused(tool, **fields)

    assert {error["field"] for error in refusal.facts["errors"]} == named
    assert refusal.field in named
    assert all(error["detail"] and error["detail"] in refusal.detail for error in refusal.facts["errors"])


def test_a_result_that_is_too_large_names_its_source() -> None:
    request = parse_request(find_tool("upscale").request, json.dumps({**FROM, "factor": 4})).for_model(BUILT_IN)

    with pytest.raises(InvalidInput) as refusal:
        request.for_sources((replace(SOURCE, width=2049),))

    assert [error["field"] for error in refusal.value.facts["errors"]] == ["factor", "source"]


def test_a_bleed_and_marks_are_part_of_the_work_and_can_fill_the_page() -> None:
    def written(**sheet: Any) -> float:
        return ask("pattern", prompt="a", sheet=sheet).load(BUILT_IN, (), 1).written

    plain = written(width=10, height=10)
    page = (100 / 25.4 * 300 / 1000) ** 2
    assert written(width=10, height=10, bleed_mm=5) == pytest.approx(plain - page + 2 * page * 1.1**2)
    assert written(width=145, height=10, marks="registration") > 0
    assert (
        "reduce sheet.width to 145 cm"
        in refused("pattern", prompt="a", sheet={"width": 146, "marks": "registration"}).detail
    )


def test_every_contradiction_of_a_request_is_listed() -> None:
    refusal = refused("clipart", prompt="a", cut="outline", colours=3, width_mm=10, smallest_mm=20, negative_prompt="A")

    assert [error["field"] for error in refusal.facts["errors"]] == [
        *("negative_prompt", "prompt"),
        *("colours", "cut"),
        *("smallest_mm", "width_mm"),
    ]


def test_a_model_without_guidance_rejects_a_negative_prompt() -> None:
    distilled = replace(BUILT_IN, guidance=replace(BUILT_IN.guidance, default=1.0))

    assert refused("picture", distilled, prompt="a", negative_prompt="b").field == "negative_prompt"
    assert ask("picture", distilled, prompt="a", negative_prompt="b", guidance=3)


@pytest.mark.parametrize("case", ["clipart-empty-cut", "pattern-four-motifs-one-shown"])
def test_a_request_that_cannot_be_met_exactly_is_rejected(case: str) -> None:
    tool = case.partition("-")[0]

    assert len(refused(tool, **json.loads((CASES / f"{case}.json").read_text())).facts["errors"]) >= 2
