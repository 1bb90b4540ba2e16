"""The demo's jobs: at least one for each tool, some with images of other jobs or an upload as sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class DemoJob:
    """A request to a tool. `sources` name the demo jobs whose first images are the sources.

    With `uploaded`, the demo downloads these images and uploads them through the upload form. `key` is an idempotency
    key: the same request with it returns the same job.
    """

    name: str
    tool: str
    request: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    uploaded: bool = False
    key: str | None = None

    @property
    def summary(self) -> str:
        """The prompt and the options in one line."""
        request = self.request
        parts = [*filter(None, [request.get("prompt"), *request.get("also", ())])]
        options = ("way", "repeat", "style", "aspect", "strength", "lane")
        parts += [f"{name} {request[name]}" for name in options if name in request]
        if "outline_mm" in request:
            parts.append(f"outline {request['outline_mm']} mm")
        if "factor" in request:
            parts.append(f"{request['factor']} times")
        if self.sources:
            parts.append(f"from {'an uploaded picture' if self.uploaded else ', '.join(dict.fromkeys(self.sources))}")
        return " · ".join(parts)


DEMO_JOBS = (
    DemoJob(name="apples", tool="picture", request={"prompt": "red apple", "count": 4, "seed": 12}),
    DemoJob(name="cakes", tool="picture", request={"prompt": "birthday cake", "count": 4, "seed": 23, "lane": "bulk"}),
    DemoJob(
        name="butterflies",
        tool="picture",
        request={"prompt": "butterfly", "count": 8, "seed": 6, "style": "bold-flat"},
    ),
    DemoJob(
        name="scattered",
        tool="pattern",
        request={"prompt": "sunflower", "also": ["butterfly"], "background": "#e8f1e4", "count": 2, "seed": 42},
    ),
    DemoJob(
        name="painted",
        tool="pattern",
        request={"prompt": "rainbow", "way": "painted", "repeat": "half-drop", "count": 2, "seed": 7},
    ),
    DemoJob(
        name="cats",
        tool="clipart",
        request={"prompt": "cat face", "count": 3, "seed": 9, "outline_mm": 3.0},
    ),
    DemoJob(
        name="varied",
        tool="variations",
        request={"prompt": "blue apple", "count": 4, "strength": 0.85, "seed": 3},
        sources=("apples",),
    ),
    DemoJob(
        name="wider",
        tool="outpaint",
        # Without a prompt, the ground continues. The built-in model draws no scenes around a picture.
        request={"aspect": "2:1", "count": 1, "seed": 4},
        sources=("butterflies",),
        uploaded=True,
    ),
    DemoJob(name="larger", tool="upscale", request={"factor": 4, "count": 1}, sources=("cakes",), uploaded=True),
    DemoJob(
        name="freed", tool="cutout", request={"width_mm": 60, "outline_mm": 2.0}, sources=("apples",), uploaded=True
    ),
    DemoJob(name="lines", tool="lineart", request={"width_mm": 120}, sources=("butterflies",)),
    DemoJob(
        name="stickers",
        tool="sticker-sheet",
        request={"stickers": [{"width_mm": 45}, {"width_mm": 25}, {"width_mm": 40}], "paper": "a5", "fill": True},
        sources=("cats", "cats", "freed"),
    ),
)
