"""The registry of tools: one name, one request, one price, one renderer of the same name in `gpu_tasks/tools/`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from craftspark.catalogue import Model
from craftspark.errors import ToolUnknown
from craftspark.parsing import parse_request
from craftspark.tools.clipart import ClipartRequest
from craftspark.tools.outpaint import OutpaintRequest
from craftspark.tools.pattern import PatternRequest
from craftspark.tools.picture import PictureRequest
from craftspark.tools.request import JobRequest
from craftspark.tools.upscale import UpscaleRequest
from craftspark.tools.variations import VariationsRequest


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
        raise ToolUnknown(
            f"no tool is named {name[:100]!r}; there are {', '.join(sorted(TOOLS))}", field="tool"
        ) from None


UPLOAD = f"upload/{'a' * 26}"

for tool in (
    Tool("picture", "Picture", "A few words become pictures.", PictureRequest, {"prompt": "a red apple"}),
    Tool("pattern", "Pattern", "A tile that repeats without a seam.", PatternRequest, {"prompt": "sunflower"}),
    Tool("clipart", "Clipart", "A clean cut-out, with a cut file.", ClipartRequest, {"prompt": "cat face"}),
    Tool("variations", "Variations", "A picture once more, and different.", VariationsRequest, {"source": UPLOAD}),
    Tool(
        "outpaint",
        "Outpaint",
        "More picture beyond a picture's edges.",
        OutpaintRequest,
        {"source": UPLOAD, "aspect": "16:9"},
    ),
    Tool("upscale", "Upscale", "The same picture with more pixels.", UpscaleRequest, {"source": UPLOAD, "factor": 4}),
):
    register(tool)
