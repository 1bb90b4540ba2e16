import json
from dataclasses import replace
from typing import Any

import pytest

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.capabilities import Guidance
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import TOOLS, find_tool
from craftspark.tools.outpaint import OutpaintRequest
from craftspark.tools.picture import PictureRequest
from craftspark.tools.presets import find_preset
from craftspark.tools.windows import Box

MODEL = find_model("craftspark-clipart-128")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "   "}, "prompt"),
        ({"prompt": "x" * 10_000}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({}, "prompt"),
        ({"prompt": "x", "negative_prompt": "x" * 1001}, "negative_prompt"),
        ({"prompt": "x", "count": 0}, "count"),
        ({"prompt": "x", "count": 9}, "count"),
        ({"prompt": "x", "count": "4"}, "count"),
        ({"prompt": "x", "count": 1.5}, "count"),
        ({"prompt": "x", "count": True}, "count"),
        ({"prompt": "x", "seed": -1}, "seed"),
        ({"prompt": "x", "seed": 2**32}, "seed"),
        ({"prompt": "x", "size": "huge"}, "size"),
        ({"prompt": "x", "size": "1024x1024"}, "size"),
        ({"prompt": "x", "steps": 0}, "steps"),
        ({"prompt": "x", "steps": 51}, "steps"),
        ({"prompt": "x", "guidance": 0.5}, "guidance"),
        ({"prompt": "x", "guidance": 21}, "guidance"),
        ({"prompt": "x", "lane": "fast"}, "lane"),
        ({"prompt": "x", "style": ""}, "style"),
        ({"prompt": "x", "style": 1}, "style"),
        ({"prompt": "x", "colour": "red"}, "colour"),
        ([], "body"),
        ("x", "body"),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(body: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_request(PictureRequest, json.dumps(body)).for_model(MODEL)

    assert refused.value.field == field
    assert refused.value.detail


@pytest.mark.parametrize("body", ["", "{", "{'prompt': 1}", b"\xff\xfe"])
def test_invalid_json_is_rejected_with_the_field_body(body: str | bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_request(PictureRequest, body)

    assert refused.value.field == "body"


def test_every_invalid_field_is_listed() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_request(PictureRequest, '{"prompt": "", "count": 9}')

    assert [error["field"] for error in refused.value.facts["errors"]] == ["count", "prompt"]


def test_a_rejection_never_repeats_the_maker_s_words() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_request(PictureRequest, json.dumps({"prompt": "secret" * 1000}))

    assert "secret" not in refused.value.detail + str(refused.value.facts)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_tool_s_example_is_a_request_that_works_and_costs_something(tool: Any) -> None:
    assert tool.price(MODEL) >= 1
    assert find_tool(tool.name) is tool


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_a_request_with_its_defaults_spelt_out_is_the_same_request(tool: Any) -> None:
    request = parse_request(tool.request, json.dumps(tool.example)).for_model(MODEL)

    written = json.dumps(request.model_dump(exclude_none=True))
    again = parse_request(tool.request, written)

    assert json.dumps(again.model_dump(exclude_none=True)) == written


def test_a_style_is_kept_and_its_absence_is_the_model_s_own_look() -> None:
    styled = parse_request(PictureRequest, '{"prompt": "x", "style": "bold-flat"}').for_model(MODEL)

    assert styled.style == "bold-flat"
    assert parse_request(PictureRequest, '{"prompt": "x"}').for_model(MODEL).style is None


@pytest.mark.parametrize(("model", "told"), [(MODEL, "bold-flat"), (find_model("stable-diffusion-v1-5"), "no styles")])
def test_an_unknown_style_is_rejected_with_the_available_ones(model: Model, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as refused:
        model.style("secret")

    assert refused.value.field == "style"
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda model: model.name)
def test_every_style_has_a_unique_name_and_a_text_for_makers(model: Model) -> None:
    assert len({style.name for style in model.styles}) == len(model.styles)
    assert all(style.title and style.summary and style.licence for style in model.styles)


def test_a_model_that_is_not_in_the_catalogue_is_named() -> None:
    with pytest.raises(ModelUnavailable, match="knitting-xl"):
        find_model("knitting-xl")


def test_a_preset_s_words_surround_the_prompt_and_join_the_negative_prompt() -> None:
    preset = find_preset(PictureRequest.presets, "linocut")

    assert "of an owl," in preset.prompt("an owl")
    assert preset.negative_prompt("moon").startswith("moon, ")
    assert preset.negative_prompt("") == preset.without


@pytest.mark.parametrize(
    ("model", "preset", "told"),
    [(MODEL, "linocut", "bold-flat"), (find_model("stable-diffusion-v1-5"), "crochet", "watercolour")],
)
def test_an_unavailable_preset_is_rejected_with_the_available_ones(model: Model, preset: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as refused:
        parse_request(PictureRequest, f'{{"prompt": "x", "preset": "{preset}"}}').for_model(model)

    assert refused.value.field == "preset"


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_preset_keeps_the_prompt_and_has_words_for_makers(tool: Any) -> None:
    presets = getattr(tool.request, "presets", ())

    assert len({preset.name for preset in presets}) == len(presets)
    assert all("{prompt}" in preset.words and preset.title and preset.summary for preset in presets)


def on(**changes: Any) -> Model:
    """The built-in model with other abilities."""
    return replace(find_model("craftspark-clipart-128"), **changes)


SOURCE_REFERENCE = f"upload/{'a' * 26}"


@pytest.mark.parametrize(
    ("model", "tool", "fields", "field", "detail"),
    [
        (on(capabilities=frozenset({"repaint"})), "picture", {"prompt": "cat"}, "tool", "cannot draw from a prompt"),
        (on(capabilities=frozenset({"repaint"})), "clipart", {"prompt": "cat"}, "tool", "cannot draw from a prompt"),
        (on(capabilities=frozenset({"draw"})), "variations", {"source": SOURCE_REFERENCE}, "tool", "from a source"),
        (
            on(capabilities=frozenset({"draw", "redraw"})),
            "outpaint",
            {"source": SOURCE_REFERENCE, "aspect": "1:1"},
            "tool",
            "repaint",
        ),
        (
            on(capabilities=frozenset({"draw", "redraw"})),
            "pattern",
            {"prompt": "cat", "way": "painted"},
            "way",
            "set way to `tossed`",
        ),
        (
            on(capabilities=frozenset({"draw", "seamless"})),
            "pattern",
            {"source": SOURCE_REFERENCE, "way": "painted"},
            "source",
            "remove source",
        ),
        (
            on(negative_prompts=False),
            "picture",
            {"prompt": "cat", "negative_prompt": "dog"},
            "negative_prompt",
            "ignor",
        ),
        (on(guidance=Guidance.fixed(0)), "picture", {"prompt": "cat", "guidance": 4}, "guidance", "remove guidance"),
        (on(), "picture", {"prompt": "cat", "guidance": 0.5}, "guidance", "1 to 20, not 0.5"),
        (on(tokenizer=None), "picture", {"prompt": "ﷺ" * 10}, "prompt", "tokens"),
    ],
)
def test_a_feature_that_the_model_lacks_is_rejected_with_its_field(
    model: Model, tool: str, fields: dict[str, Any], field: str, detail: str
) -> None:
    with pytest.raises(InvalidInput, match=detail) as refusal:
        parse_request(find_tool(tool).request, json.dumps(fields)).for_model(model)

    assert refusal.value.field == field


def test_the_fixed_guidance_of_a_model_may_be_repeated_as_a_recipe_does() -> None:
    request = parse_request(find_tool("picture").request, '{"prompt": "cat", "guidance": 0}')

    assert request.for_model(on(guidance=Guidance.fixed(0))).model_dump()["guidance"] == 0


def test_a_tool_is_offered_only_if_the_model_can_do_its_work() -> None:
    only_repaints = on(capabilities=frozenset({"repaint"}))

    assert [name for name, tool in TOOLS.items() if tool.fits(only_repaints)] == [
        "outpaint",
        "upscale",
        "cutout",
        "lineart",
        "sticker-sheet",
    ]


def test_a_source_is_put_where_left_and_top_say() -> None:
    request = parse_request(
        find_tool("outpaint").request, json.dumps({"source": SOURCE_REFERENCE, "width": 300, "height": 200, "left": 7})
    )

    assert isinstance(request, OutpaintRequest)
    assert request.place_of(100, 100) == Box(7, 50, 107, 150)
    assert request.model_copy(update={"top": 90}).place_of(100, 100) == Box(7, 90, 107, 190)
