"""Requests as the API receives them, for one model and one source."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from craftspark.errors import InvalidInput
from craftspark.models.catalogue import find_model
from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import find_tool
from craftspark.tools.request import JobRequest
from craftspark.tools.sources import Source

CASES = Path(__file__).parents[2] / "cases"
BUILT_IN = find_model("craftspark-clipart-128")
STABLE = find_model("stable-diffusion-v1-5")
SOURCE = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=96, height=64)
FROM: dict[str, Any] = {"source": SOURCE.reference}


def ask(tool: str, model: Model = BUILT_IN, **fields: Any) -> JobRequest:
    request = parse_request(find_tool(tool).request, json.dumps(fields)).for_model(model)
    source = replace(SOURCE, alpha=tool == "sticker-sheet")
    return request.for_sources((source,)) if request.wanted_sources else request


def refused(tool: str, model: Model = BUILT_IN, **fields: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        ask(tool, model, **fields)
    return refusal.value
