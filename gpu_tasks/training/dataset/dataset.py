"""Datasets: pictures with captions and licences, in a folder.

    DATA/pictures/<id>.png   square, RGBA
    DATA/manifest.jsonl      a Picture as JSON on each line

`python -m gpu_tasks.training dataset OUT` writes the clipart dataset; any folder of pictures with captions opens as
one too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from dataclasses import dataclass as plain_dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import ValidationError

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.training.dataset.picture import PICTURE, Picture
from gpu_tasks.training.errors import (
    CaptionsMissing,
    DatasetBroken,
    LicenceMissing,
    PictureBroken,
    SubjectsMissing,
    TooFewPictures,
)

MANIFEST = "manifest.jsonl"
CAPTIONS = "captions.jsonl"
LICENCES = ("LICENCE", "LICENSE", "LICENCE.txt", "LICENSE.txt", "LICENCE.md", "LICENSE.md")
KINDS = (".png", ".webp", ".jpg", ".jpeg")
SIZE = 128
PICTURES_LEAST = 3
# To learn a style from: fewer teach one picture by heart, more deserve the command unet.
STYLE_LEAST, STYLE_MOST = 5, 50


@plain_dataclass(frozen=True)
class Dataset:
    """Pictures of a folder, in the order of their manifest, each read once and found to be whole."""

    folder: Path
    pictures: tuple[Picture, ...]
    size: int = SIZE

    @classmethod
    def open(cls, folder: Path) -> Dataset:
        """The dataset of a folder that has a manifest, else of its captions; raises a TrainingError."""
        if not (folder / MANIFEST).is_file():
            return cls.from_folder(folder)
        with (folder / MANIFEST).open() as lines:
            pictures = tuple(
                parse_picture(line, f"line {number} of {MANIFEST}") for number, line in enumerate(lines, 1)
            )
        return opened(folder, pictures, size=None)

    @classmethod
    def from_folder(cls, folder: Path, size: int = SIZE) -> Dataset:
        """The dataset of any folder: `<name>.txt` beside each picture, or captions.jsonl, and a LICENCE.

        A caption's first line is the name, further lines are synonyms. A line of captions.jsonl is an object with
        `file` and `name`; it may have the other fields of a Picture, its own `licence` among them.
        """
        if not folder.is_dir():
            raise DatasetBroken(f"{folder} is not a folder")
        listed = (folder / CAPTIONS).is_file()
        pictures = tuple(pictures_listed(folder) if listed else pictures_with_captions(folder))
        return opened(folder, pictures, size=size)

    def only(self, *, style: str | None = None, names: Iterable[str] | None = None) -> Dataset:
        """The pictures of a style, or of these names."""
        wanted = None if names is None else frozenset(names)
        kept = (
            picture
            for picture in self.pictures
            if style in (None, picture.style) and (wanted is None or picture.name in wanted)
        )
        return Dataset(self.folder, tuple(kept), self.size)

    def pixels(self) -> Pixels:
        """All pictures, (N, size, size, 4), straight alpha; those of another shape are centred and scaled."""
        result = np.empty((len(self.pictures), self.size, self.size, 4), np.uint8)
        for number, picture in enumerate(self.pictures):
            result[number] = read_pixels(self.folder / picture.file, self.size)
        return result


def opened(folder: Path, pictures: tuple[Picture, ...], *, size: int | None) -> Dataset:
    """Look at every file before anyone counts on it; raises PictureBroken, TooFewPictures or DatasetBroken."""
    if len(pictures) < PICTURES_LEAST:
        raise TooFewPictures(f"{folder} has {len(pictures)} images; at least {PICTURES_LEAST} are required")
    if len({picture.id for picture in pictures}) < len(pictures):
        raise DatasetBroken(f"{folder} has two images with the same ID")
    sizes = {check_file(folder, picture) for picture in pictures}
    if size is None:
        side = sizes.pop()
        if sizes or side[0] != side[1]:
            raise DatasetBroken(f"the images in {folder} must be square and have the same size")
        size = side[0]
    return Dataset(folder, pictures, size)


def check_file(folder: Path, picture: Picture) -> tuple[int, int]:
    """Width and height; raises DatasetBroken for a path that leads outside, PictureBroken for a damaged file."""
    path = folder / picture.file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DatasetBroken(f"the image {picture.id} of {folder} is outside the folder: {picture.file}")
    try:
        with Image.open(path) as image:
            image.verify()
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureBroken(f"{path} cannot be read: {error}") from None


def read_pixels(path: Path, size: int) -> Pixels:
    """A picture as (size, size, 4); one that is not square is centred on a transparent square."""
    try:
        with Image.open(path) as opened_image:
            image = opened_image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureBroken(f"{path} cannot be read: {error}") from None
    if image.size != (size, size):
        side = max(image.size)
        square = Image.new("RGBA", (side, side), (255, 255, 255, 0))
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = square.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(image, np.uint8)


def digest_of(pictures: Iterable[Picture], pixels: Pixels) -> str:
    """The SHA-256 of what training sees of pictures: their pixels and their words."""
    digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes())
    for picture in pictures:
        digest.update(repr((picture.name, picture.synonyms)).encode())
    return digest.hexdigest()


def on_white(pixels: Pixels) -> Pixels:
    """RGBA composed on white, (..., 3)."""
    alpha = pixels[..., 3:].astype(np.uint16)
    return ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def pictures_with_captions(folder: Path) -> Iterator[Picture]:
    """Pictures with `<name>.txt` beside them; raises CaptionsMissing or LicenceMissing."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS)
    captions = {path: path.with_suffix(".txt") for path in paths}
    if paths and not any(caption.is_file() for caption in captions.values()):
        raise CaptionsMissing(f"{folder} has neither {CAPTIONS} nor a <name>.txt file for any image")
    for path, caption in captions.items():
        words = caption.read_text().splitlines() if caption.is_file() else []
        lines = [line.strip() for line in words if line.strip()]
        if not lines:
            raise CaptionsMissing(f"{path.name} has no caption; write one to {caption.name}")
        facts = {"id": path.stem, "file": path.name, "name": lines[0], "synonyms": lines[1:]}
        yield parse_picture(json.dumps(facts | licence_of(folder)), path.name)


def pictures_listed(folder: Path) -> Iterator[Picture]:
    """Pictures that captions.jsonl names; raises DatasetBroken, CaptionsMissing or LicenceMissing."""
    licence = licence_of(folder)
    for number, line in enumerate((folder / CAPTIONS).read_text().splitlines(), 1):
        place = f"line {number} of {CAPTIONS}"
        try:
            facts = json.loads(line)
            identity = {"id": Path(facts["file"]).with_suffix("").as_posix()}
        except (ValueError, KeyError, TypeError):
            raise DatasetBroken(f"{place} is not a JSON object with a file") from None
        yield parse_picture(json.dumps(identity | licence | facts), place)


def licence_of(folder: Path) -> dict[str, str]:
    """The licence that a file states for the whole folder: its first line."""
    for name in LICENCES:
        if (folder / name).is_file() and (text := (folder / name).read_text().strip()):
            return {"licence": text.splitlines()[0].strip()}
    return {}


def parse_picture(line: str, place: str) -> Picture:
    """A Picture from JSON; raises LicenceMissing, CaptionsMissing or DatasetBroken, naming the place."""
    try:
        return PICTURE.validate_json(line)
    except ValidationError as error:
        fields = {str(part["loc"][0]) for part in error.errors() if part["loc"]}
        if "licence" in fields:
            raise LicenceMissing(f"{place} has no licence; add one there or in a LICENCE file") from None
        if "name" in fields:
            raise CaptionsMissing(f"{place} has no name") from None
        raise DatasetBroken(
            f"{place} does not describe an image: {', '.join(sorted(fields)) or 'not a JSON object'}"
        ) from None


def read_names(path: Path) -> frozenset[str]:
    """Subjects' names from a file, one a line; raises SubjectsMissing."""
    try:
        names = frozenset(line.strip() for line in path.read_text().splitlines()) - {""}
    except (OSError, UnicodeDecodeError) as error:
        raise SubjectsMissing(f"{path} cannot be read: {error}") from None
    if not names:
        raise SubjectsMissing(f"{path} has no subjects")
    return names


def write_dataset(out: Path, pictures: Iterable[tuple[Picture, bytes]]) -> Dataset:
    """Write pictures, given as their files' bytes, and their manifest; all of it or nothing."""
    if out.exists():
        raise DatasetBroken(f"{out} already exists; remove it or choose another folder")
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "pictures").mkdir(parents=True)
    try:
        with (partial / MANIFEST).open("w") as manifest:
            for picture, content in pictures:
                (partial / picture.file).write_bytes(content)
                manifest.write(json.dumps(asdict(picture), ensure_ascii=False) + "\n")
        Dataset.open(partial)
    except BaseException:
        shutil.rmtree(partial)
        raise
    partial.rename(out)
    return Dataset.open(out)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write; must not exist")
    parser.add_argument("--size", type=int, default=SIZE, help="width and height of the images in pixels")


def run(arguments: argparse.Namespace) -> None:
    """Build the clipart dataset and say what is in it."""
    from gpu_tasks.training.dataset.sources import clipart  # needs the rasteriser, which a dataset's reader does not

    dataset = write_dataset(arguments.out, clipart(arguments.size))
    styles = sorted({picture.style for picture in dataset.pictures})
    for style in styles:
        print(f"{style}: {len(dataset.only(style=style).pictures)} images")
    print(f"{arguments.out}: {len(dataset.pictures)} images of {dataset.size} pixels")
