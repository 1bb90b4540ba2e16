"""Requests with contradictory fields are rejected, and the error names each field."""

import json
from dataclasses import replace
from itertools import combinations, pairwise
from math import hypot
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftspark.errors import InvalidInput
from craftspark.jobs.job import seeds_of
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import TOOLS, find_tool
from craftspark.tools.pattern import STRENGTH, PatternRequest
from craftspark.tools.request import JobRequest
from craftspark.tools.sheet import Sheet
from craftspark.tools.sources import Source
from craftspark.tools.toss import ROOMIEST, Toss, neighbours, roomiest, widest

CASES = Path(__file__).parents[1] / "cases"
BUILT_IN = find_model("craftspark-clipart-128")
STABLE = find_model("stable-diffusion-v1-5")
SOURCE = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=96, height=64)
FROM: dict[str, Any] = {"source": SOURCE.reference}


def ask(tool: str, model: Model = BUILT_IN, **fields: Any) -> JobRequest:
    request = parse_request(find_tool(tool).request, json.dumps(fields)).for_model(model)
    return request.for_source(SOURCE) if request.wanted_source else request


def refused(tool: str, model: Model = BUILT_IN, **fields: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        ask(tool, model, **fields)
    return refusal.value


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
        request.for_source(replace(SOURCE, width=2049))

    assert [error["field"] for error in refusal.value.facts["errors"]] == ["factor", "source"]


def test_a_bleed_and_marks_are_part_of_the_work_and_can_fill_the_page() -> None:
    def written(**sheet: Any) -> float:
        return ask("pattern", prompt="a", sheet=sheet).load(BUILT_IN, None, 1).written

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


GOOD: list[tuple[str, dict[str, Any]]] = [
    ("picture", {"prompt": "a", "negative_prompt": "b", "guidance": 1.5}),
    ("picture", {"prompt": "a", "guidance": 1}),
    ("picture", {"prompt": "a", "style": "bold-flat"}),
    ("clipart", {"prompt": "a", "cut": "outline"}),
    ("clipart", {"prompt": "a", "colours": 2, "width_mm": 10, "smallest_mm": 9, "outline_mm": 9}),
    ("pattern", {"prompt": "a", "background": "#FFFFFF"}),
    ("pattern", {"prompt": "a", "also": ["a"], "toss": {"size": 0.5, "size_spread": 0, "spacing": 0.2}}),
    ("pattern", {"prompt": "a", "way": "painted", "repeat": "x", "sheet": {"width": 40}}),
    ("pattern", {"prompt": "a", "way": "painted", "repeat": "y", "sheet": {"height": 40, "repeat": 9}}),
    ("pattern", {"prompt": "a", "sheet": {"width": 3}}),
    ("pattern", {"prompt": "a", "sheet": {"repeat": 16, "unit": "inch"}}),
    ("pattern", {"prompt": "a", "sheet": {"width": 150, "height": 100, "repeat": 42}}),
    ("pattern", {**FROM, "way": "painted", "strength": 0.1}),
    ("pattern", FROM),
    ("pattern", {**FROM, "prompt": "a", "also": ["b", "c"], "palette": ["#aa0000"]}),
    ("pattern", {**FROM, "way": "painted", "repeat": "mirror"}),
    ("pattern", {**FROM, "prompt": "a", "also": ["b", "c", "d"], "source_use": "palette"}),
    ("pattern", {**FROM, "prompt": "a", "way": "painted", "source_use": "palette"}),
    ("pattern", {**FROM, "way": "painted", "repeat": "mirror", "prompt": "a", "palette": ["#aa0000", "#ffffff"]}),
    ("pattern", {"prompt": "a", "way": "painted", "repeat": "mirror", "sheet": {"width": 60}}),
    ("variations", {**FROM, "strength": 0.1}),
    ("variations", {**FROM, "strength": 0.1, "steps": 10}),
    ("outpaint", {**FROM, "aspect": "1:1"}),
    ("outpaint", {**FROM, "height": 65, "anchor": "left"}),
    ("upscale", {**FROM, "factor": 4}),
    ("cutout", FROM),
    ("lineart", {**FROM, "width_mm": 20, "line_mm": 1}),
    ("cutout", {**FROM, "width_mm": 10, "smallest_mm": 9, "outline_mm": 9, "mirror": True, "layers": "knockout"}),
]


EVERY_TOOL = [model for model in CATALOGUE.values() if all(tool.fits(model) for tool in TOOLS.values())]
ADJUSTABLE = [model for model in EVERY_TOOL if model.guidance.adjustable and model.negative_prompts]


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda model: model.name)
def test_the_example_of_a_tool_is_accepted_with_its_defaults(model: Model) -> None:
    for tool in TOOLS.values():
        if tool.fits(model):
            request = ask(tool.name, model, **tool.example)

            assert parse_request(tool.request, request.model_dump_json()).for_model(model) == request


@pytest.mark.parametrize(("tool", "fields"), GOOD, ids=str)
@pytest.mark.parametrize("model", ADJUSTABLE, ids=lambda model: model.name)
def test_an_accepted_request_is_accepted_with_its_defaults(tool: str, fields: dict[str, Any], model: Model) -> None:
    if "style" in fields and model is not BUILT_IN:
        fields = {name: value for name, value in fields.items() if name != "style"}
    request = ask(tool, model, **fields)

    again = parse_request(find_tool(tool).request, request.model_dump_json()).for_model(model)

    assert again == request


def test_defaults_follow_the_other_fields() -> None:
    def sheet(repeat: str = "straight", **lengths: Any) -> tuple[Any, ...]:
        filled = ask("pattern", prompt="a", way="painted", repeat=repeat, sheet=lengths).model_dump()["sheet"]
        return filled["width"], filled["height"], filled["repeat"]

    assert sheet() == (10, 10, 5)
    assert sheet(width=3) == (3, 10, 3)
    assert sheet(height=2, width=30) == (30, 2, 2)
    assert sheet("x", width=30) == (30, 5, 5)
    assert sheet("y") == (5, 10, 5)
    assert sheet("mirror") == (10, 10, 5)
    mirrored = ask("pattern", **FROM, way="painted", repeat="mirror", sheet={"repeat": 12}).model_dump()
    assert mirrored["sheet"].items() >= {"width": 12, "height": 10, "repeat": 12}.items()  # 8 cm high, as the source is
    assert mirrored["strength"] is None
    assert ask("pattern", **FROM, way="painted").model_dump()["strength"] == STRENGTH
    assert ask("pattern", **FROM, way="painted", repeat="mirror", prompt="a").model_dump()["strength"] == STRENGTH
    assert ask("variations", **FROM, strength=0.1).model_dump()["steps"] == BUILT_IN.default_steps
    assert ask("clipart", prompt="a").model_dump()["colours"] == 6
    assert ask("pattern", prompt="a", background="#FfEeDd").model_dump()["background"] == "#ffeedd"


def test_seeds_wrap_after_the_largest_and_are_distinct() -> None:
    seeds = seeds_of("job", 2**32 - 2, 8)

    assert seeds == (2**32 - 2, 2**32 - 1, 0, 1, 2, 3, 4, 5)


# The space for motifs.


def discs_overlap(places: list[tuple[float, float]], across: float, repeat: Any) -> bool:
    images = [(x + i, y + j) for x, y in places for i, j in neighbours(repeat)]
    return any(
        hypot(a[0] - b[0], a[1] - b[1]) < across - 1e-6
        for a, b in combinations(images, 2)
        if -1 <= a[0] <= 2 and -1 <= a[1] <= 2
    )


@pytest.mark.parametrize("repeat", ["straight", "half-drop", "brick"])
@pytest.mark.parametrize("motifs", [1, 2, 3, 4])
def test_the_largest_free_places_have_the_expected_size(motifs: int, repeat: Any) -> None:
    places = list(roomiest(motifs, repeat))

    assert len(places) == motifs
    assert not discs_overlap(places, widest(motifs, repeat), repeat)
    # A disc of this width covers pi/4 of its square. The densest packing of a plane has a density of 0.9069.
    assert motifs * widest(motifs, repeat) ** 2 <= 2 / 3**0.5 + 1e-6


def test_more_motifs_have_no_more_room() -> None:
    for repeat in ROOMIEST:
        widths = [widest(motifs, repeat) for motifs in (1, 2, 3, 4)]  # type: ignore[arg-type]
        assert all(larger >= smaller for larger, smaller in pairwise(widths))
    assert widest(2, "straight") == pytest.approx(2**0.5 / 2)
    assert widest(4, "straight") == pytest.approx((6**0.5 - 2**0.5) / 2, abs=1e-5)


@given(size=st.floats(0.05, 0.5), spread=st.floats(0, 0.9), spacing=st.floats(0, 0.3), motifs=st.integers(1, 4))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_spacing_is_rejected_only_if_the_smallest_motifs_do_not_fit(
    size: float, spread: float, spacing: float, motifs: int
) -> None:
    how = Toss(size=size, size_spread=spread, spacing=spacing)

    assert how.has_room_for(motifs, "straight") == (size * (1 - spread) + spacing <= widest(motifs, "straight"))
    assert how.has_room_for(1, "straight")


@pytest.mark.parametrize("case", ["clipart-empty-cut", "pattern-four-motifs-one-shown"])
def test_a_request_that_cannot_be_met_exactly_is_rejected(case: str) -> None:
    tool = case.partition("-")[0]

    assert len(refused(tool, **json.loads((CASES / f"{case}.json").read_text())).facts["errors"]) >= 2


@pytest.mark.parametrize(
    ("sheet", "dpi"),
    [
        ({"width": 42, "height": 42, "repeat": 5}, 300),
        ({"width": 43, "height": 10, "repeat": 5}, 150),
        ({"width": 150, "height": 150, "repeat": 42}, 150),
        ({"width": 16.5, "height": 11, "repeat": 2, "unit": "inch"}, 300),
        ({"width": 17, "height": 11, "repeat": 2, "unit": "inch"}, 150),
    ],
)
def test_a_sheet_that_is_larger_than_a3_has_150_dpi_and_at_most_79_megapixels(sheet: dict[str, Any], dpi: int) -> None:
    page = Sheet(**sheet)

    assert page.dpi == dpi
    assert page.cm("width") / 2.54 * dpi * page.cm("height") / 2.54 * dpi < 79e6


@pytest.mark.parametrize("fields", [{}, {"way": "painted", "repeat": "mirror"}])
def test_a_pattern_of_an_unchanged_source_draws_nothing_and_needs_no_model_for_it(fields: dict[str, Any]) -> None:
    request, drawn = ask("pattern", STABLE, **FROM, **fields), ask("pattern", STABLE, prompt="a")
    assert isinstance(request, PatternRequest)

    load = request.load(STABLE, SOURCE, 4)

    assert [load.steps, load.seamless_steps, load.calls, load.redraws] == [0, 0, 0, 0]
    assert load.cuts == (0 if fields else 4)
    assert list(request.needs()) == []
    assert 1 <= request.credits_per_image(STABLE, SOURCE) < drawn.credits_per_image(STABLE)


def test_the_work_of_a_tossed_source_follows_its_pixels_and_its_background() -> None:
    request = ask("pattern", **FROM, prompt="a")

    opaque, transparent = (request.load(BUILT_IN, replace(SOURCE, alpha=alpha), 1) for alpha in (False, True))
    large = request.load(BUILT_IN, replace(SOURCE, width=1000, height=1000), 1)
    largest = request.load(BUILT_IN, replace(SOURCE, width=2000, height=2000), 1)

    assert (opaque.cuts, transparent.cuts) == (2, 1)
    assert transparent.enlarged == largest.enlarged < opaque.enlarged < large.enlarged
    assert opaque.steps == BUILT_IN.default_steps


def test_a_palette_adds_the_work_of_recolouring() -> None:
    def cuts(**fields: Any) -> float:
        return ask("pattern", prompt="a", **fields).load(BUILT_IN, None, 2).cuts

    two = ["#000000", "#ffffff"]
    assert (cuts(), cuts(palette=two)) == (2, 4)
    assert cuts(**FROM, source_use="palette") == 4
    assert cuts(way="painted") == 0 < cuts(way="painted", palette=two)
