"""The requests whose pictures are the demo's gallery, from the list of subjects."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUBJECTS = Path(__file__).with_name("subjects.toml")
# The first seed of the list. Each request has the next one.
FIRST_SEED = 100
STYLES = (None, "bold-flat")
WAYS = ({"size": 0.3, "density": 0.8}, {"size": 0.2, "density": 0.9, "rotation": 25.0})


@dataclass(frozen=True, kw_only=True)
class GalleryRequest:
    """A request to a tool, and how its maker publishes the image."""

    name: str
    tool: str
    title: str
    tags: tuple[str, ...]
    maker: str
    request: dict[str, Any] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        return int(self.request["seed"])


def read_requests() -> list[GalleryRequest]:
    """All requests, in the order in which they are drawn."""
    groups = tomllib.loads(SUBJECTS.read_text())
    drawn = [request for tag, group in groups.items() for request in _requests(tag, group)]
    return [
        GalleryRequest(**{**vars(request), "request": {**request.request, "seed": FIRST_SEED + number}})
        for number, request in enumerate(drawn)
    ]


def _requests(tag: str, group: dict[str, Any]) -> Iterator[GalleryRequest]:
    maker = group["maker"]
    for number, subject in enumerate(group["subjects"]):
        style = STYLES[number % len(STYLES)]
        yield GalleryRequest(
            name=f"{_slug(subject)}-clipart",
            tool="clipart",
            title=subject.capitalize(),
            tags=(tag, subject, "clipart"),
            maker=maker,
            request={"prompt": subject, "outline_mm": 3.0},
        )
        yield GalleryRequest(
            name=f"{_slug(subject)}-picture",
            tool="picture",
            title=f"{subject.capitalize()}, bold and flat" if style else f"{subject.capitalize()} in soft colours",
            tags=(tag, subject, *([style] if style else ())),
            maker=maker,
            request={"prompt": subject, **({"style": style} if style else {})},
        )
    for pair in group["patterns"]:
        motifs, background = pair.split(" on ")
        first, second = motifs.split(" + ")
        for number, toss in enumerate(WAYS):
            yield GalleryRequest(
                name=f"{_slug(first)}-and-{_slug(second)}-{number}",
                tool="pattern",
                title=f"{first.capitalize()} and {second}" + (", small" if number else ""),
                tags=(tag, "seamless", first),
                maker=maker,
                request={"prompt": first, "also": [second], "background": background, "toss": toss},
            )


def _slug(text: str) -> str:
    return text.replace(" ", "-")
