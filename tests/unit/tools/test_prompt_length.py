"""A prompt that is longer than the model reads is rejected with the limit, the count and the field."""

import json
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from craftspark.errors import InvalidInput
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.models.tokens import tokenizer
from craftspark.parsing.json_values import parse_request
from craftspark.tools import TOOLS, find_tool
from lambdas.http.problems import Problem, problem_of
from lambdas.list_tools.handler import tool_view

CASES = Path(__file__).parents[2] / "cases"
BUILT_IN = find_model("craftspark-clipart-128")
STABLE = find_model("stable-diffusion-v1-5")
SOURCE = f"upload/{'a' * 26}"


def refused(model: Model, tool: str, **fields: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        ask(model, tool, **fields)
    return refusal.value


def ask(model: Model, tool: str, **fields: Any) -> Any:
    return parse_request(find_tool(tool).request, json.dumps(fields)).for_model(model)


@pytest.mark.parametrize("case", ["picture-long-prompt-apple", "picture-long-prompt-whale"])
def test_words_whose_end_would_not_be_drawn_are_refused(case: str) -> None:
    fields = json.loads((CASES / f"{case}.json").read_text())

    refusal = refused(BUILT_IN, "picture", **fields)

    assert refusal.field == "prompt"
    assert refusal.facts["tokens"] > refusal.facts["max_tokens"] == BUILT_IN.max_prompt_tokens == 30
    assert str(refusal.facts["tokens"]) in refusal.detail
    assert "30" in refusal.detail
    assert "apple" not in refusal.detail
    assert ask(STABLE, "picture", **fields)


LONG = "apple " * 31
LONGER = "apple " * 76


@pytest.mark.parametrize(
    ("model", "tool", "fields", "named"),
    [
        (BUILT_IN, "picture", {"prompt": LONG}, ["prompt"]),
        (BUILT_IN, "picture", {"prompt": "a", "negative_prompt": LONG}, ["negative_prompt"]),
        (BUILT_IN, "picture", {"prompt": LONG, "negative_prompt": LONG + "b"}, ["prompt", "negative_prompt"]),
        (BUILT_IN, "clipart", {"prompt": LONG}, ["prompt"]),
        (BUILT_IN, "pattern", {"prompt": "a", "also": ["b", LONG]}, ["also.1"]),
        (BUILT_IN, "pattern", {"prompt": LONG, "way": "painted"}, ["prompt"]),
        (BUILT_IN, "variations", {"source": SOURCE, "prompt": LONG}, ["prompt"]),
        (BUILT_IN, "outpaint", {"source": SOURCE, "prompt": LONG, "width": 300}, ["prompt"]),
        (BUILT_IN, "picture", {"prompt": "🐈" * 31}, ["prompt"]),
        (STABLE, "picture", {"prompt": LONGER}, ["prompt"]),
        (STABLE, "picture", {"prompt": "apple " * 65, "preset": "watercolour"}, ["prompt"]),
        (
            STABLE,
            "picture",
            {"prompt": "a", "negative_prompt": "apple " * 70, "preset": "kawaii-sticker"},
            ["negative_prompt"],
        ),
    ],
)
def test_each_text_is_counted_with_the_words_of_its_preset(
    model: Model, tool: str, fields: dict[str, Any], named: list[str]
) -> None:
    refusal = refused(model, tool, **fields)

    assert [error["field"] for error in refusal.facts["errors"]] == named
    status, body = problem_of(refusal)
    assert status == 422
    problem = Problem.model_validate(body)
    assert problem.tokens
    assert problem.tokens > model.max_prompt_tokens
    assert problem.max_tokens == model.max_prompt_tokens


@pytest.mark.parametrize(
    "model", [model for model in CATALOGUE.values() if model.tokenizer], ids=lambda model: model.name
)
def test_as_many_tokens_as_the_model_reads_are_accepted(model: Model) -> None:
    words = "apple " * model.max_prompt_tokens
    tool, fields = (
        ("picture", {}) if find_tool("picture").fits(model) else ("outpaint", {"source": SOURCE, "width": 64})
    )

    assert ask(model, tool, prompt=words, **fields)
    assert refused(model, tool, prompt=words + "apple", **fields).facts["tokens"] == model.max_prompt_tokens + 1


@pytest.mark.parametrize("letter", ["a", "é", "🐈", "\ufdfa"])
def test_bytes_are_counted_for_a_model_without_a_tokenizer_here(letter: str) -> None:
    model = replace(BUILT_IN, tokenizer=None)
    size = max(len(letter.encode()), len(unicodedata.normalize("NFKC", letter).encode()))

    if fitting := model.max_prompt_tokens // size:
        assert ask(model, "picture", prompt=letter * fitting)
    assert refused(model, "picture", prompt=letter * (model.max_prompt_tokens // size + 1)).field == "prompt"


def test_the_word_of_a_style_counts() -> None:
    style = replace(BUILT_IN.styles[0], word="bold flat style")
    model = replace(BUILT_IN, styles=(style,))

    assert ask(BUILT_IN, "picture", prompt="apple " * 30, style=style.name)
    assert refused(model, "picture", prompt="apple " * 30, style=style.name).facts["tokens"] == 30 + tokenizer(
        model.tokenizer
    ).count("bold flat style,")


def test_the_tools_state_the_limit() -> None:
    for tool in TOOLS.values():
        limit = tool_view(tool, BUILT_IN).max_prompt_tokens
        assert limit == (None if tool.network else 30)


def test_a_short_prompt_loads_no_tokenizer() -> None:
    program = (
        "import sys; from craftspark.tools import find_tool; from craftspark.models.catalogue import find_model\n"
        "from craftspark.parsing.json_values import parse_request\n"
        'request = parse_request(find_tool("picture").request, \'{"prompt": "a red apple"}\')\n'
        'request.for_model(find_model("craftspark-clipart-128"))\n'
        'print("craftspark.models.tokens" in sys.modules)'
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True)

    assert done.stdout.strip() == "False"
