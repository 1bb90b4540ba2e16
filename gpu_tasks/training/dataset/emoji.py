"""The clipart of the built-in model: openly licensed emoji, rasterised, with captions.

package.json in this folder pins the packages, which are installed under build/training. No set is share-alike.
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

from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.errors import SourceUnavailable

DECLARED = Path(__file__).parent
WORKSHOP = Path(__file__).parents[3] / "build" / "training"
SYNONYMS = DECLARED / "synonyms.json"
MARGIN = 0.04  # margin, as a share of the longer side
MIN_OPACITY = 8  # mean alpha, of 255; a picture below it is almost empty
EXCLUDED_GROUPS = frozenset({"flags", "component"})
SHORTCODES = ("emojibase", "github")
INSTALL_TIMEOUT_S = 300


@dataclass(frozen=True)
class IconSet:
    """A set of pictures: its npm package in the scope `@iconify-json`, its required licence, and its attribution."""

    name: str
    licence: str
    attribution: str


STYLES = (
    IconSet("twemoji", "CC-BY-4.0", "Twemoji, Copyright Twitter, Inc and other contributors"),
    IconSet("noto", "Apache-2.0", "Noto Emoji, Copyright Google Inc."),
    IconSet("fluent-emoji-flat", "MIT", "Fluent Emoji, Copyright Microsoft Corporation"),
)
CAPTIONS_ATTRIBUTION = "captions from Emojibase, Copyright Miles Johnson, MIT"


@dataclass(frozen=True)
class Caption:
    """The words for an emoji."""

    name: str
    synonyms: tuple[str, ...]
    group: str


@dataclass(frozen=True)
class Icon:
    """One vector picture, at any size."""

    picture: CaptionedPicture
    icon: dict[str, Any]
    icons: dict[str, Any]

    def png(self, size: int) -> bytes:
        """Rasterise the icon to a square PNG."""
        return rasterise(to_svg(self.icon, self.icons, size), size)


def read_clipart(size: int) -> Iterator[tuple[CaptionedPicture, bytes]]:
    """Return every captioned picture of all sets as PNG bytes. Raises SourceUnavailable."""
    packages = install()
    captions = read_captions(packages / "emojibase-data" / "en")
    for style in STYLES:
        yield from render_pictures(style, packages / "@iconify-json" / style.name, captions, size)


def read_icons(style_name: str) -> list[Icon]:
    """Return every captioned icon of one set, in its package's order. Raises SourceUnavailable."""
    style = next((style for style in STYLES if style.name == style_name), None)
    if style is None:
        known = ", ".join(style.name for style in STYLES)
        raise SourceUnavailable(f"there is no style {style_name}; the styles are {known}")
    packages = install()
    captions = read_captions(packages / "emojibase-data" / "en")
    return list(read_set(style, packages / "@iconify-json" / style.name, captions))


def install() -> Path:
    """Return the folder with the packages of package-lock.json, and install them if necessary. Raises
    SourceUnavailable.
    """
    lock = (DECLARED / "package-lock.json").read_bytes()
    ready, digest = WORKSHOP / ".ready", hashlib.sha256(lock).hexdigest()
    packages = WORKSHOP / "node_modules"
    if ready.is_file() and ready.read_text() == digest and packages.is_dir():
        return packages
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(DECLARED / name, WORKSHOP / name)
    # Node from the environment comes first, because a system can lack it.
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
    """Read captions by code points, in Emojibase's order: its own words, shortcodes, tags."""
    groups = {group["order"]: group["key"] for group in read_json(folder / "messages.json")["groups"]}
    shortcodes = [read_json(folder / "shortcodes" / f"{kind}.json") for kind in SHORTCODES]
    own = read_json(SYNONYMS)
    captions = {}
    for emoji in read_json(folder / "data.json"):
        if "group" not in emoji or groups[emoji["group"]] in EXCLUDED_GROUPS:
            continue
        name = to_words(re.sub("[“”:!]", "", emoji["label"]))
        codes = [as_list(kind.get(emoji["hexcode"], [])) for kind in shortcodes]
        words = [
            *own.get(name, ()),
            *(code.replace("_", " ") for kind in codes for code in kind),
            *emoji.get("tags", ()),
        ]
        synonyms = dict.fromkeys(word for word in map(to_words, words) if is_sayable(word) and word != name)
        captions[normalise_code(emoji["hexcode"])] = Caption(name, tuple(synonyms), groups[emoji["group"]])
    return captions


def render_pictures(
    style: IconSet, package: Path, captions: dict[str, Caption], size: int
) -> Iterator[tuple[CaptionedPicture, bytes]]:
    """Return the visible captioned pictures of one package. Raises as `read_set` does."""
    for drawing in read_set(style, package, captions):
        content = drawing.png(size)
        if is_visible(content):
            yield drawing.picture, content


def read_set(style: IconSet, package: Path, captions: dict[str, Caption]) -> Iterator[Icon]:
    """Return the captioned icons of one package, each code once. Raises SourceUnavailable if its licence changed."""
    stated = read_json(package / "info.json")["license"]["spdx"]
    if stated != style.licence:
        raise SourceUnavailable(f"{style.name} states the licence {stated}, not {style.licence}")
    version = read_json(package / "package.json")["version"]
    icons = read_json(package / "icons.json")
    done: set[str] = set()
    for chars, icon_name in read_json(package / "chars.json").items():
        code = normalise_code(chars)
        caption, icon = captions.get(code), find_icon(icons, icon_name)
        if caption is None or icon is None or code in done:
            continue
        done.add(code)
        identity = f"{style.name}-{code.lower()}"
        picture = CaptionedPicture(
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
        yield Icon(picture, icon, icons)


def find_icon(icons: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Return an icon by name or alias."""
    found: dict[str, Any] | None = icons["icons"].get(name)
    if found is None:
        parent = icons.get("aliases", {}).get(name, {}).get("parent")
        found = icons["icons"].get(parent)
    return found


def to_svg(icon: dict[str, Any], icons: dict[str, Any], size: int) -> str:
    """Return the icon centred in a square with a margin."""
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
    """Rasterise an SVG to RGBA PNG, without system fonts, so that all machines give the same result."""
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True))


def is_visible(content: bytes) -> bool:
    """Return whether a picture is not almost empty."""
    with Image.open(io.BytesIO(content)) as image:
        return ImageStat.Stat(image.convert("RGBA").getchannel("A")).mean[0] >= MIN_OPACITY


def normalise_code(code: str) -> str:
    """Return a sequence of code points without the variation selector for pictures."""
    return code.upper().replace("-FE0F", "")


def to_words(words: str) -> str:
    return html.unescape(words).lower().strip()


def is_sayable(word: str) -> bool:
    """Return whether a maker would type it: words, not emoticons, flag letters or `pig2`."""
    return len(word) > 1 and re.fullmatch(r"[a-z '\-&.]*[a-z][a-z '\-&.]*", word) is not None


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SourceUnavailable(f"{path} does not exist or is not valid JSON: {error}") from None
