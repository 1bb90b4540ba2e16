"""Texts of another form than their field has are refused in words, and never with a regular expression."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from craftspark.errors import InvalidInput
from craftspark.parsing.forms import words_for
from craftspark.parsing.json_values import parse_request
from craftspark.styles.requests import RollbackRequest, TrainingRequest
from craftspark.tools import TOOLS
from lambdas.http.openapi.document import OPERATIONS
from lambdas.http.schemas import Body


def patterns_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield pattern
        for each in schema.values():
            yield from patterns_in(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from patterns_in(each)


def test_every_form_of_a_field_has_words() -> None:
    requests: list[type[BaseModel]] = [tool.request for tool in TOOLS.values()]
    requests += [TrainingRequest, RollbackRequest, *Body.__subclasses__()]
    patterns = {pattern for request in requests for pattern in patterns_in(request.model_json_schema())}

    assert OPERATIONS  # whose modules have the bodies of requests
    assert len(patterns) >= 8
    assert not [pattern for pattern in patterns if words_for(pattern) is None]


@pytest.mark.parametrize(
    ("tool", "field", "text", "detail"),
    [
        ("picture", "size", "512", "size: must be a width and a height in pixels, "),
        (
            "picture",
            "size",
            "\u0665\u0661x\u0665\u0661",
            "size: must be a width and a height in pixels, ",
        ),
        (
            "clipart",
            "size",
            "\u0665\u0661x\u0665\u0661",
            "size: must be a width and a height in pixels, ",
        ),
        ("picture", "remix_of", "apple", "remix_of: must be the ID of a published picture, which has 26 letters and "),
        ("outpaint", "aspect", "1.5", "aspect: must be an aspect ratio of whole numbers below 100, such as 16:9"),
        ("outpaint", "source", "../apple", "source: must be JOB_ID/IMAGE with the number of the image from 0 to 7, "),
        ("pattern", "background", "red", "background: must be transparent, or a colour as #rrggbb, such as #ff8800"),
        ("pattern", "palette", ["red"], "palette.0: must be a colour as #rrggbb, such as #ff8800"),
    ],
)
def test_a_text_of_another_form_is_refused_in_words(tool: str, field: str, text: Any, detail: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_request(TOOLS[tool].request, json.dumps({"prompt": "apple", "source": f"upload/{'a' * 26}", field: text}))

    assert str(refused.value).startswith(detail) or f"; {detail}" in str(refused.value)
