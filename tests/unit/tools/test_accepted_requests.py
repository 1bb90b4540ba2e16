"""What accepted requests have: the defaults of their fields, and their work."""

from dataclasses import replace
from typing import Any

import pytest

from craftspark.jobs.job import seeds_of
from craftspark.models.catalogue import CATALOGUE
from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import TOOLS, find_tool
from craftspark.tools.pattern import STRENGTH, PatternRequest
from craftspark.tools.sheet import Sheet
from tests.unit.tools.asking import BUILT_IN, FROM, SOURCE, STABLE, ask

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
    ("outpaint", {**FROM, "aspect": "1:1", "left": 0, "top": 32}),
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

    load = request.load(STABLE, (SOURCE,), 4)

    assert [load.steps, load.seamless_steps, load.calls, load.redraws] == [0, 0, 0, 0]
    assert load.cuts == (0 if fields else 4)
    assert list(request.needs()) == []
    assert 1 <= request.credits_per_image(STABLE, (SOURCE,)) < drawn.credits_per_image(STABLE)


def test_the_work_of_a_tossed_source_follows_its_pixels_and_its_background() -> None:
    request = ask("pattern", **FROM, prompt="a")

    opaque, transparent = (request.load(BUILT_IN, (replace(SOURCE, alpha=alpha),), 1) for alpha in (False, True))
    large = request.load(BUILT_IN, (replace(SOURCE, width=1000, height=1000),), 1)
    largest = request.load(BUILT_IN, (replace(SOURCE, width=2000, height=2000),), 1)

    assert (opaque.cuts, transparent.cuts) == (2, 1)
    assert transparent.enlarged == largest.enlarged < opaque.enlarged < large.enlarged
    assert opaque.steps == BUILT_IN.default_steps


def test_a_palette_adds_the_work_of_recolouring() -> None:
    def cuts(**fields: Any) -> float:
        return ask("pattern", prompt="a", **fields).load(BUILT_IN, (), 2).cuts

    two = ["#000000", "#ffffff"]
    assert (cuts(), cuts(palette=two)) == (2, 4)
    assert cuts(**FROM, source_use="palette") == 4
    assert cuts(way="painted") == 0 < cuts(way="painted", palette=two)
