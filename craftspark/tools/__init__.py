"""The registry of tools: each has a name, a request, a price, and a renderer of the same name in `gpu_tasks/tools/`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from craftspark.errors import ToolUnknown
from craftspark.models.capabilities import Need
from craftspark.models.model import Model
from craftspark.models.networks import Assists
from craftspark.parsing.json_values import parse_request
from craftspark.tools.clipart import ClipartRequest
from craftspark.tools.cutout import CutoutRequest
from craftspark.tools.lineart import LineartRequest
from craftspark.tools.outpaint import OutpaintRequest
from craftspark.tools.pattern import PatternRequest
from craftspark.tools.picture import MIN_SIDE, PictureRequest
from craftspark.tools.request import JobRequest, sides
from craftspark.tools.sticker_sheet import StickerSheetRequest
from craftspark.tools.upscale import UpscaleRequest
from craftspark.tools.variations import VariationsRequest


@dataclass(frozen=True)
class Tool:
    """`title` and `summary` are texts for makers; `example` is a valid request.

    `network` is what the tool does with only a network. Such a tool needs no diffusion model: the catalogue entry of
    that network serves it. `assisted` is what further networks do for a tool. With `enlarged_to`, the upscaler enlarges
    only drawings whose shorter side has fewer pixels.
    """

    name: str
    title: str
    summary: str
    request: type[JobRequest]
    example: Mapping[str, Any]
    network: Assists | None = None
    assisted: tuple[Assists, ...] = ()
    enlarged_to: int | None = None

    def price(self, model: Model) -> int:
        """The price of an image in credits, with the model's defaults. Raises InvalidInput if the model cannot do the
        tool's work.
        """
        return self.example_request.for_model(model).credits_per_image(model)

    def fits(self, model: Model) -> bool:
        """Whether the model can do the tool's work."""
        return all(need.capability in model.capabilities for need in self.needs())

    def needs(self) -> Iterator[Need]:
        """The capabilities that every request of the tool needs."""
        return self.example_request.needs()

    def served_by(self, model: Model) -> str:
        """The name of the catalogue entry that does the tool's work, where the diffusion model is this one."""
        return model.networks.names[self.network] if self.network else model.name

    def assists(self, model: Model | None) -> tuple[Assists, ...]:
        """What further networks do for the tool with this diffusion model, or without one."""
        if model is None or self.enlarged_to is None:
            return self.assisted
        if any(min(sides(size)) < self.enlarged_to for size in model.sizes):
            return self.assisted
        return tuple(does for does in self.assisted if does != "enlarge")

    @property
    def example_request(self) -> JobRequest:
        """The example as a request."""
        return parse_request(self.request, json.dumps(self.example))


TOOLS: dict[str, Tool] = {}


def register(tool: Tool) -> None:
    """Add a tool. It replaces an earlier one with the same name."""
    TOOLS[tool.name] = tool


def serve_tools(model: Model) -> dict[str, str]:
    """The tools that one diffusion model and the networks serve, each with the name of its catalogue entry."""
    return {tool.name: tool.served_by(model) for tool in TOOLS.values() if tool.fits(model)}


def find_tool(name: str) -> Tool:
    """The tool with this name. Raises ToolUnknown."""
    try:
        return TOOLS[name]
    except KeyError:
        raise ToolUnknown(
            f"there is no tool {name[:100]!r}; the tools are {', '.join(sorted(TOOLS))}", field="tool"
        ) from None


UPLOAD = f"upload/{'a' * 26}"

for tool in (
    Tool(
        "picture",
        "Picture",
        "Creates pictures from a few words.",
        PictureRequest,
        {"prompt": "a red apple"},
        assisted=("enlarge",),
        enlarged_to=MIN_SIDE,
    ),
    Tool(
        "pattern",
        "Pattern",
        "Creates seamless repeating patterns, ready to print.",
        PatternRequest,
        {"prompt": "sunflower"},
        assisted=("enlarge", "cut"),
    ),
    Tool(
        "clipart",
        "Clipart",
        "Creates objects on a transparent background, each with a cut file.",
        ClipartRequest,
        {"prompt": "cat face"},
        assisted=("enlarge", "cut"),
    ),
    Tool(
        "variations",
        "Variations",
        "Creates new versions of a picture.",
        VariationsRequest,
        {"source": UPLOAD},
        assisted=("enlarge", "cut"),
    ),
    Tool(
        "outpaint",
        "Outpaint",
        "Extends a picture beyond its edges.",
        OutpaintRequest,
        {"source": UPLOAD, "aspect": "16:9"},
        assisted=("enlarge",),
    ),
    Tool(
        "upscale",
        "Upscale",
        "Enlarges a picture 2 or 4 times, or onto the canvas of a printed product.",
        UpscaleRequest,
        {"source": UPLOAD, "factor": 4},
        network="enlarge",
    ),
    Tool(
        "cutout",
        "Cutout",
        "Removes the background of a picture, with a cut file if a width is given.",
        CutoutRequest,
        {"source": UPLOAD, "width_mm": 80},
        network="enlarge",
        assisted=("cut",),
    ),
    Tool(
        "lineart",
        "Line art",
        "Turns a picture into lines to colour in.",
        LineartRequest,
        {"source": UPLOAD},
        network="enlarge",
    ),
    Tool(
        "sticker-sheet",
        "Sticker sheet",
        "Packs cut-out pictures on a page of stickers, with one cut file for all.",
        StickerSheetRequest,
        {"stickers": [{"source": UPLOAD, "copies": 4}]},
        network="enlarge",
    ),
):
    register(tool)
