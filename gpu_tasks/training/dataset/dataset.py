"""Datasets: pictures with captions and licences, in a folder.

DATA/pictures/<id>.png   square, RGBA
DATA/manifest.jsonl      a CaptionedPicture as JSON on each line

`python -m gpu_tasks.training dataset OUT` writes the clipart dataset. Any folder of captioned pictures is also a
dataset.
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

from craftspark.errors.training import (
    CaptionsMissing,
    DatasetBroken,
    LicenceMissing,
    PictureBroken,
    SubjectsMissing,
    TooFewPictures,
)
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.training.dataset.picture import PICTURE, CaptionedPicture

MANIFEST = "manifest.jsonl"
CAPTIONS = "captions.jsonl"
LICENCES = ("LICENCE", "LICENSE", "LICENCE.txt", "LICENSE.txt", "LICENCE.md", "LICENSE.md")
KINDS = (".png", ".webp", ".jpg", ".jpeg")
SIZE = 128
MIN_PICTURES = 3
# For a style: with fewer pictures it would memorise one, with more use the command unet.
MIN_STYLE_PICTURES, MAX_STYLE_PICTURES = 5, 50


@plain_dataclass(frozen=True)
class Dataset:
    """The pictures of a folder in the order of their manifest. Each file has been checked."""

    folder: Path
    pictures: tuple[CaptionedPicture, ...]
    size: int = SIZE

    @classmethod
    def open(cls, folder: Path) -> Dataset:
        """Open a folder with a manifest or with captions. Raises a TrainingError."""
        if not (folder / MANIFEST).is_file():
            return cls.from_folder(folder)
        with (folder / MANIFEST).open() as lines:
            pictures = tuple(
                parse_picture(line, f"line {number} of {MANIFEST}") for number, line in enumerate(lines, 1)
            )
        return check_pictures(folder, pictures, size=None)

    @classmethod
    def from_folder(cls, folder: Path, size: int = SIZE) -> Dataset:
        """Open a folder with `<name>.txt` for each picture, or with captions.jsonl, and a LICENCE. Raises a
        TrainingError.

        A caption's first line is the name, further lines are synonyms. A line of captions.jsonl is an object with
        `file` and `name`. It can have other fields of CaptionedPicture, such as its own `licence`.
        """
        if not folder.is_dir():
            raise DatasetBroken(f"{folder} is not a folder")
        listed = (folder / CAPTIONS).is_file()
        pictures = tuple(read_listed_pictures(folder) if listed else read_captioned_pictures(folder))
        return check_pictures(folder, pictures, size=size)

    def only(self, *, styles: Iterable[str] | None = None, names: Iterable[str] | None = None) -> Dataset:
        """Select the pictures of these styles, or of these names."""
        wanted_styles = None if styles is None else frozenset(styles)
        wanted = None if names is None else frozenset(names)
        kept = (
            picture
            for picture in self.pictures
            if (wanted_styles is None or picture.style in wanted_styles) and (wanted is None or picture.name in wanted)
        )
        return Dataset(self.folder, tuple(kept), self.size)

    def pixels(self) -> Pixels:
        """Read all pictures, (N, size, size, 4), straight alpha. Pictures of another shape are centred and scaled."""
        result = np.empty((len(self.pictures), self.size, self.size, 4), np.uint8)
        for number, picture in enumerate(self.pictures):
            result[number] = read_pixels(self.folder / picture.file, self.size)
        return result


def check_pictures(folder: Path, pictures: tuple[CaptionedPicture, ...], *, size: int | None) -> Dataset:
    """Check every file before use. Raises PictureBroken, TooFewPictures or DatasetBroken."""
    if len(pictures) < MIN_PICTURES:
        raise TooFewPictures(f"{folder} has {len(pictures)} images; at least {MIN_PICTURES} are required")
    if len({picture.id for picture in pictures}) < len(pictures):
        raise DatasetBroken(f"{folder} has two images with the same ID")
    sizes = {check_file(folder, picture) for picture in pictures}
    if size is None:
        side = sizes.pop()
        if sizes or side[0] != side[1]:
            raise DatasetBroken(f"the images in {folder} must be square and have the same size")
        size = side[0]
    return Dataset(folder, pictures, size)


def check_file(folder: Path, picture: CaptionedPicture) -> tuple[int, int]:
    """Return width and height. Raises DatasetBroken for a path outside the folder, PictureBroken for a damaged file."""
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
    """Read a picture as (size, size, 4). A picture that is not square is centred on a transparent square. Raises
    PictureBroken.
    """
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


def hash_pictures(pictures: Iterable[CaptionedPicture], pixels: Pixels) -> str:
    """Return the SHA-256 of the training's view of pictures: their pixels and words."""
    digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes())
    for picture in pictures:
        digest.update(repr((picture.name, picture.synonyms)).encode())
    return digest.hexdigest()


def read_captioned_pictures(folder: Path) -> Iterator[CaptionedPicture]:
    """Read pictures with `<name>.txt` files. Raises CaptionsMissing or LicenceMissing."""
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
        yield parse_picture(json.dumps(facts | read_licence(folder)), path.name)


def read_listed_pictures(folder: Path) -> Iterator[CaptionedPicture]:
    """Read the pictures in captions.jsonl. Raises DatasetBroken, CaptionsMissing or LicenceMissing."""
    licence = read_licence(folder)
    for number, line in enumerate((folder / CAPTIONS).read_text().splitlines(), 1):
        place = f"line {number} of {CAPTIONS}"
        try:
            facts = json.loads(line)
            identity = {"id": Path(facts["file"]).with_suffix("").as_posix()}
        except (ValueError, KeyError, TypeError):
            raise DatasetBroken(f"{place} is not a JSON object with a file") from None
        yield parse_picture(json.dumps(identity | licence | facts), place)


def read_licence(folder: Path) -> dict[str, str]:
    """Return the licence of the whole folder: the first line of its licence file."""
    for name in LICENCES:
        if (folder / name).is_file() and (text := (folder / name).read_text().strip()):
            return {"licence": text.splitlines()[0].strip()}
    return {}


def parse_picture(line: str, place: str) -> CaptionedPicture:
    """Parse a picture from JSON. Raises LicenceMissing, CaptionsMissing or DatasetBroken with the place."""
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
    """Read the names of subjects from a file, one per line. Raises SubjectsMissing."""
    try:
        names = frozenset(line.strip() for line in path.read_text().splitlines()) - {""}
    except (OSError, UnicodeDecodeError) as error:
        raise SubjectsMissing(f"{path} cannot be read: {error}") from None
    if not names:
        raise SubjectsMissing(f"{path} has no subjects")
    return names


def write_dataset(out: Path, pictures: Iterable[tuple[CaptionedPicture, bytes]]) -> Dataset:
    """Write pictures, given as bytes, and their manifest atomically. Raises DatasetBroken."""
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
    """Build the clipart dataset and print its contents."""
    from gpu_tasks.training.dataset.emoji import read_clipart  # needs the rasteriser, which readers of datasets do not

    dataset = write_dataset(arguments.out, read_clipart(arguments.size))
    styles = sorted({picture.style for picture in dataset.pictures})
    for style in styles:
        print(f"{style}: {len(dataset.only(styles=[style]).pictures)} images")
    print(f"{arguments.out}: {len(dataset.pictures)} images of {dataset.size} pixels")
