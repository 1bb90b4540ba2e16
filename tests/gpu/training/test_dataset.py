import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from craftspark.errors.training import CaptionsMissing, DatasetBroken, LicenceMissing, PictureBroken, TooFewPictures
from gpu_tasks.images.pixels import flatten_on_white
from gpu_tasks.training.__main__ import REFUSED, main
from gpu_tasks.training.dataset import emoji
from gpu_tasks.training.dataset.dataset import MANIFEST, Dataset, write_dataset
from gpu_tasks.training.dataset.emoji import STYLES, Caption, read_captions, render_pictures
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.errors import SourceUnavailable

RED = (220, 20, 40, 255)
ICON = '<rect width="36" height="36" fill="#dd2e44"/>'


def a_png(size: tuple[int, int] = (16, 16), colour: tuple[int, int, int, int] = RED) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", size, colour).save(file, format="png")
    return file.getvalue()


def a_picture(number: int, **facts: object) -> CaptionedPicture:
    name = f"thing {number}"
    defaults = {"id": str(number), "file": f"pictures/{number}.png", "name": name, "licence": "CC0-1.0"}
    return CaptionedPicture(**(defaults | facts))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A maker's own folder: three pictures with captions and a licence."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("bear", "cup", "hat"):
        (folder / f"{name}.png").write_bytes(a_png())
        (folder / f"{name}.txt").write_text(f"a {name}\ncute {name}\n")
    (folder / "LICENCE").write_text("CC0-1.0\n\nNo rights reserved.\n")
    return folder


def test_a_folder_with_captions_is_a_dataset(folder: Path) -> None:
    dataset = Dataset.open(folder)

    assert [picture.name for picture in dataset.pictures] == ["a bear", "a cup", "a hat"]
    assert dataset.pictures[0].synonyms == ("cute bear",)
    assert {picture.licence for picture in dataset.pictures} == {"CC0-1.0"}
    assert dataset.pixels().shape == (3, 128, 128, 4)


def test_captions_can_stand_in_one_file_each_with_its_own_licence(folder: Path) -> None:
    lines = [{"file": f"{name}.png", "name": name, "licence": "MIT"} for name in ("bear", "cup", "hat")]
    (folder / "captions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert [(picture.name, picture.licence) for picture in Dataset.open(folder).pictures] == [
        ("bear", "MIT"),
        ("cup", "MIT"),
        ("hat", "MIT"),
    ]


def test_a_picture_that_is_not_square_is_centred_and_not_stretched(folder: Path) -> None:
    (folder / "bear.png").write_bytes(a_png((32, 16)))

    pixels = Dataset.from_folder(folder, size=32).pixels()[0]

    assert pixels[16, 16, 3] == 255
    assert pixels[2, 16, 3] == 0
    assert flatten_on_white(pixels)[2, 16].tolist() == [255, 255, 255]


def test_no_captions_at_all_are_refused(folder: Path) -> None:
    for caption in folder.glob("*.txt"):
        caption.unlink()

    with pytest.raises(CaptionsMissing, match=r"captions\.jsonl"):
        Dataset.open(folder)


def test_the_one_picture_without_a_caption_is_named(folder: Path) -> None:
    (folder / "cup.txt").write_text(" \n")

    with pytest.raises(CaptionsMissing, match=r"cup\.png"):
        Dataset.open(folder)


def test_a_missing_licence_is_refused(folder: Path) -> None:
    (folder / "LICENCE").unlink()

    with pytest.raises(LicenceMissing, match="LICENCE"):
        Dataset.open(folder)


@pytest.mark.parametrize("content", [b"not a picture", b"", a_png()[:-20]])
def test_a_broken_picture_is_named(folder: Path, content: bytes) -> None:
    (folder / "hat.png").write_bytes(content)

    with pytest.raises(PictureBroken, match=r"hat\.png"):
        Dataset.open(folder)


def test_two_pictures_are_too_few(folder: Path) -> None:
    (folder / "hat.png").unlink()

    with pytest.raises(TooFewPictures, match="2 images"):
        Dataset.open(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetBroken, match="not a folder"):
        Dataset.open(tmp_path / "nowhere")


def test_a_written_dataset_opens_with_all_it_was_told(tmp_path: Path) -> None:
    pictures = [a_picture(n, synonyms=("it",), style="plain", attribution="by me") for n in range(3)]

    written = write_dataset(tmp_path / "out", ((picture, a_png()) for picture in pictures))

    assert written.pictures == tuple(pictures)
    assert written.size == 16
    assert Dataset.open(tmp_path / "out").pixels().tolist() == np.full((3, 16, 16, 4), RED).tolist()


def test_a_dataset_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[tuple[CaptionedPicture, bytes]]:
        yield a_picture(0), a_png()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "out", interrupted())

    assert list(tmp_path.iterdir()) == []


def test_a_dataset_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(DatasetBroken, match="already exists"):
        write_dataset(tmp_path / "out", [])


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"licence": ""}, LicenceMissing),
        ({"name": ""}, CaptionsMissing),
        ({"file": "../secret.png"}, DatasetBroken),
        ({"file": "pictures/9.png"}, PictureBroken),
        ({"id": "1"}, DatasetBroken),
        ({"synonyms": 3}, DatasetBroken),
    ],
)
def test_a_manifest_that_was_edited_badly_is_refused(
    tmp_path: Path, facts: dict[str, object], error: type[Exception]
) -> None:
    write_dataset(tmp_path / "out", ((a_picture(n), a_png()) for n in range(3)))
    manifest = tmp_path / "out" / MANIFEST
    first, *others = manifest.read_text().splitlines()

    manifest.write_text("\n".join([json.dumps(json.loads(first) | facts), *others]))

    with pytest.raises(error):
        Dataset.open(tmp_path / "out")


def test_pictures_can_be_chosen_by_style_and_name(tmp_path: Path) -> None:
    pictures = [a_picture(n, style="flat" if n < 2 else "round") for n in range(4)]
    dataset = write_dataset(tmp_path / "out", ((picture, a_png()) for picture in pictures))

    assert [picture.id for picture in dataset.only(styles=["flat"], names=["thing 1", "thing 2"]).pictures] == ["1"]
    assert [picture.id for picture in dataset.only(styles=["flat", "round"]).pictures] == ["0", "1", "2", "3"]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An icon package: a square, another name for it, a wide icon, and an invisible icon."""
    wide = {"body": '<rect width="72" height="36" fill="#dd2e44"/>', "width": 72}
    icons = {"square": {"body": ICON}, "wide": wide, "empty": {"body": ""}}
    files = {
        "info.json": {"license": {"spdx": "CC-BY-4.0"}},
        "package.json": {"version": "1.0.0"},
        "icons.json": {"width": 36, "height": 36, "icons": icons, "aliases": {"box": {"parent": "square"}}},
        "chars.json": {"1f7e5": "box", "1f7e5-fe0f": "square", "2194": "wide", "25a1": "empty", "aaaa": "square"},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


CAPTIONS = {code: Caption(name, ("shape",), "symbols") for code, name in (("1F7E5", "red square"), ("2194", "bar"))}


def test_captioned_icons_become_pictures_once_each_with_licence_and_source(package: Path) -> None:
    (square, content), (bar, _) = render_pictures(STYLES[0], package, CAPTIONS, 32)

    assert (square.name, square.style, square.licence) == ("red square", "twemoji", "CC-BY-4.0")
    assert "Twitter" in square.attribution
    assert square.source == "npm:@iconify-json/twemoji@1.0.0#box"
    assert bar.name == "bar"
    assert (square, content) == next(render_pictures(STYLES[0], package, CAPTIONS, 32))


def test_a_wide_icon_is_centred_with_a_margin(package: Path) -> None:
    _, (_, content) = render_pictures(STYLES[0], package, CAPTIONS, 54)

    alpha = np.asarray(Image.open(io.BytesIO(content)))[..., 3]

    assert alpha[27, 27] == 255
    assert alpha[:13].max() == alpha[-13:].max() == alpha[:, 0].max() == 0


def test_a_package_that_changed_its_licence_is_refused(package: Path) -> None:
    (package / "info.json").write_text('{"license": {"spdx": "CC-BY-SA-4.0"}}')

    with pytest.raises(SourceUnavailable, match=r"CC-BY-SA-4\.0"):
        list(render_pictures(STYLES[0], package, CAPTIONS, 32))


def test_captions_have_everyday_words_first_and_no_emoticons(tmp_path: Path) -> None:
    emoji = {"label": "Dog face", "hexcode": "1F436", "group": 3, "tags": [":d", "pet", "dog face"]}
    component = {"label": "red hair", "hexcode": "1F9B0", "group": 2}
    files = {
        "messages.json": {"groups": [{"order": 2, "key": "component"}, {"order": 3, "key": "animals-nature"}]},
        "data.json": [emoji, component],
        "shortcodes/emojibase.json": {"1F436": ["dog_face", "hound2"]},
        "shortcodes/github.json": {"1F436": "dog"},
    }
    (tmp_path / "shortcodes").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))

    captions = read_captions(tmp_path)

    assert list(captions) == ["1F436"]
    assert captions["1F436"].name == "dog face"
    assert captions["1F436"].synonyms[0] == "puppy"
    assert captions["1F436"].synonyms[-2:] == ("dog", "pet")


def test_packages_that_cannot_be_installed_are_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(emoji, "WORKSHOP", tmp_path / "workshop")
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)

    code = main(["dataset", str(tmp_path / "out")])

    assert code == REFUSED
    assert capsys.readouterr().err.startswith("SourceUnavailable: npm was not found")
    assert not (tmp_path / "out").exists()
