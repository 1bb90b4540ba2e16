"""The clipart that the built-in model learns from: openly licensed emoji, rasterised, with captions.

package.json beside this file pins the packages; they are installed under build/training. No set is share-alike.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import resvg_py
from PIL import Image, ImageStat

from gpu_tasks.training.dataset.picture import Picture
from gpu_tasks.training.errors import SourceUnavailable

DECLARED = Path(__file__).parent
WORKSHOP = Path(__file__).parents[3] / "build" / "training"
SYNONYMS = DECLARED / "synonyms.json"
MARGIN = 0.04  # of a picture's longer side, left free all around
OPACITY_LEAST = 8  # mean alpha of 255 below which a picture shows nothing worth learning
GROUPS_LEFT_OUT = frozenset({"flags", "component"})
SHORTCODES = ("emojibase", "github")
INSTALL_TIMEOUT_S = 300


@dataclass(frozen=True)
class Style:
    """A set of pictures: its npm package under @iconify-json, the licence it must state, and whom to name."""

    name: str
    licence: str
    attribution: str


STYLES = (
    Style("twemoji", "CC-BY-4.0", "Twemoji, Copyright Twitter, Inc and other contributors"),
    Style("noto", "Apache-2.0", "Noto Emoji, Copyright Google Inc."),
    Style("fluent-emoji-flat", "MIT", "Fluent Emoji, Copyright Microsoft Corporation"),
)
CAPTIONS_ATTRIBUTION = "captions from Emojibase, Copyright Miles Johnson, MIT"


@dataclass(frozen=True)
class Caption:
    """What an emoji is called."""

    name: str
    synonyms: tuple[str, ...]
    group: str


@dataclass(frozen=True)
class Drawing:
    """One picture as its package draws it: as large as one likes."""

    picture: Picture
    icon: dict[str, Any]
    icons: dict[str, Any]

    def png(self, size: int) -> bytes:
        return rasterise(to_svg(self.icon, self.icons, size), size)


def clipart(size: int) -> Iterator[tuple[Picture, bytes]]:
    """Every picture of every style that has a caption, as PNG bytes; raises SourceUnavailable."""
    packages = install()
    captions = read_captions(packages / "emojibase-data" / "en")
    for style in STYLES:
        yield from pictures_of(style, packages / "@iconify-json" / style.name, captions, size)


def drawings(style_name: str) -> list[Drawing]:
    """Every captioned picture of one style, in its package's order; raises SourceUnavailable."""
    style = next((style for style in STYLES if style.name == style_name), None)
    if style is None:
        known = ", ".join(style.name for style in STYLES)
        raise SourceUnavailable(f"there is no style {style_name}; the styles are {known}")
    packages = install()
    captions = read_captions(packages / "emojibase-data" / "en")
    return list(drawings_of(style, packages / "@iconify-json" / style.name, captions))


def install() -> Path:
    """The folder with exactly the packages of package-lock.json, installed where that was not done before."""
    lock = (DECLARED / "package-lock.json").read_bytes()
    ready, digest = WORKSHOP / ".ready", hashlib.sha256(lock).hexdigest()
    packages = WORKSHOP / "node_modules"
    if ready.is_file() and ready.read_text() == digest and packages.is_dir():
        return packages
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(DECLARED / name, WORKSHOP / name)
    # The environment's own Node comes first: a system may have none.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise SourceUnavailable("npm was not found; install the dependency group training, which includes Node")
    command = [npm, "ci", "--prefix", str(WORKSHOP), "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
            env=os.environ | {"PATH": path},
        )
    except subprocess.TimeoutExpired:
        raise SourceUnavailable(f"npm ci did not finish within {INSTALL_TIMEOUT_S} seconds") from None
    except subprocess.CalledProcessError as error:
        raise SourceUnavailable(f"npm ci failed: {error.stderr.strip()[-500:]}") from None
    ready.write_text(digest)
    return packages


def read_captions(folder: Path) -> dict[str, Caption]:
    """Captions by code points, in Emojibase's order of telling: own words for it, shortcodes, tags."""
    groups = {group["order"]: group["key"] for group in read_json(folder / "messages.json")["groups"]}
    shortcodes = [read_json(folder / "shortcodes" / f"{kind}.json") for kind in SHORTCODES]
    own = read_json(SYNONYMS)
    captions = {}
    for emoji in read_json(folder / "data.json"):
        if "group" not in emoji or groups[emoji["group"]] in GROUPS_LEFT_OUT:
            continue
        name = plain(re.sub("[“”:!]", "", emoji["label"]))
        codes = [listed(kind.get(emoji["hexcode"], [])) for kind in shortcodes]
        words = [
            *own.get(name, ()),
            *(code.replace("_", " ") for kind in codes for code in kind),
            *emoji.get("tags", ()),
        ]
        synonyms = dict.fromkeys(word for word in map(plain, words) if sayable(word) and word != name)
        captions[normal(emoji["hexcode"])] = Caption(name, tuple(synonyms), groups[emoji["group"]])
    return captions


def pictures_of(
    style: Style, package: Path, captions: dict[str, Caption], size: int
) -> Iterator[tuple[Picture, bytes]]:
    """The captioned pictures of one package that show something; raises as drawings_of does."""
    for drawing in drawings_of(style, package, captions):
        content = drawing.png(size)
        if shows_something(content):
            yield drawing.picture, content


def drawings_of(style: Style, package: Path, captions: dict[str, Caption]) -> Iterator[Drawing]:
    """The captioned icons of one package, each code once; raises SourceUnavailable where its licence changed."""
    stated = read_json(package / "info.json")["license"]["spdx"]
    if stated != style.licence:
        raise SourceUnavailable(f"{style.name} states the licence {stated}, not {style.licence}")
    version = read_json(package / "package.json")["version"]
    icons = read_json(package / "icons.json")
    done: set[str] = set()
    for chars, icon_name in read_json(package / "chars.json").items():
        code = normal(chars)
        caption, icon = captions.get(code), find_icon(icons, icon_name)
        if caption is None or icon is None or code in done:
            continue
        done.add(code)
        identity = f"{style.name}-{code.lower()}"
        picture = Picture(
            id=identity,
            file=f"pictures/{identity}.png",
            name=caption.name,
            synonyms=caption.synonyms,
            group=caption.group,
            style=style.name,
            licence=style.licence,
            attribution=f"{style.attribution}; {CAPTIONS_ATTRIBUTION}",
            source=f"npm:@iconify-json/{style.name}@{version}#{icon_name}",
        )
        yield Drawing(picture, icon, icons)


def find_icon(icons: dict[str, Any], name: str) -> dict[str, Any] | None:
    """An icon by its name or its alias."""
    found: dict[str, Any] | None = icons["icons"].get(name)
    if found is None:
        parent = icons.get("aliases", {}).get(name, {}).get("parent")
        found = icons["icons"].get(parent)
    return found


def to_svg(icon: dict[str, Any], icons: dict[str, Any], size: int) -> str:
    """The icon centred in a square with a margin."""
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    side = max(width, height)
    margin = side * MARGIN
    left = icon.get("left", 0) - (side - width) / 2 - margin
    top = icon.get("top", 0) - (side - height) / 2 - margin
    view = f"{left} {top} {side + 2 * margin} {side + 2 * margin}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{view}" width="{size}" height="{size}">{icon["body"]}</svg>'
    )


def rasterise(svg: str, size: int) -> bytes:
    """An SVG as PNG, RGBA; without the system's fonts, so that every machine draws the same."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True))


def shows_something(content: bytes) -> bool:
    with Image.open(io.BytesIO(content)) as image:
        return ImageStat.Stat(image.convert("RGBA").getchannel("A")).mean[0] >= OPACITY_LEAST


def normal(code: str) -> str:
    """A sequence of code points without the selector that only says `as a picture`."""
    return code.upper().replace("-FE0F", "")


def plain(words: str) -> str:
    return html.unescape(words).lower().strip()


def sayable(word: str) -> bool:
    """Whether a maker could type it: words, not emoticons, flags' letters or a shortcode's `pig2`."""
    return len(word) > 1 and re.fullmatch(r"[a-z '\-&.]*[a-z][a-z '\-&.]*", word) is not None


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SourceUnavailable(f"{path} does not exist or is not valid JSON: {error}") from None
