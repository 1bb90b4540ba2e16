"""The registry of tools: one name, one request, one price, one renderer of the same name in `gpu_tasks/tools/`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from craftspark.catalogue import Model
from craftspark.errors import ToolUnknown
from craftspark.tools.picture import PictureRequest
from craftspark.tools.request import JobRequest, parse_request


@dataclass(frozen=True)
class Tool:
    """`title` and `summary` are what a maker reads; `example` is a request that works."""

    name: str
    title: str
    summary: str
    request: type[JobRequest]
    example: Mapping[str, Any]

    def price(self, model: Model) -> int:
        """Credits an image costs with the model's own settings."""
        return parse_request(self.request, json.dumps(self.example)).for_model(model).credits_per_image(model)


TOOLS: dict[str, Tool] = {}


def register(tool: Tool) -> None:
    """Offer a tool; a later one takes the place of an earlier one of the same name."""
    TOOLS[tool.name] = tool


def find_tool(name: str) -> Tool:
    """The tool of this name; raises ToolUnknown."""
    try:
        return TOOLS[name]
    except KeyError:
        raise ToolUnknown(f"no tool is named {name}; there are {', '.join(sorted(TOOLS))}", field="tool") from None


register(Tool("picture", "Picture", "A few words become pictures.", PictureRequest, {"prompt": "a red apple"}))
