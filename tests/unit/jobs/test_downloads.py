"""Names of saved files are readable, contain the maker's words, and are safe in a header and on every file system."""

import random
import re
from email.message import Message
from urllib.parse import unquote

import pytest

from craftspark.jobs.downloads import disposition_of, downloads_of, stem_of
from craftspark.jobs.job import StoredImage, keys_of
from tests.fakes import NOON, a_job

# A header value that every client can parse: at most two parameters, and nothing in quotes that needs escaping.
WELL_FORMED = re.compile(
    r"(inline|attachment); filename=\"[a-z0-9][a-z0-9.-]*\"(; filename\*=UTF-8''[A-Za-z0-9%._~-]+)?", re.ASCII
)


def an_image(*files: str, index: int = 0) -> StoredImage:
    return StoredImage(index=index, width=8, height=8, render_s=0.1, stored_at=NOON, seed=1, files=files)


def named(
    title: str | None = None, *, prompt: str = "", tool: str = "picture", files: tuple[str, ...] = ()
) -> list[str]:
    job = a_job(title=title, request={"prompt": prompt}, tool=tool)
    return [each.disposition or "" for each in downloads_of(job, an_image(*files), stem_of(job))]


def name_in(disposition: str) -> str:
    """The file name that a client with RFC 6266 uses."""
    _, _, extended = disposition.partition("filename*=UTF-8''")
    return unquote(extended) if extended else disposition.split('"')[1]


def test_pictures_are_shown_and_cut_files_saved_under_the_job_s_words() -> None:
    picture, thumbnail, cut, preview = named(prompt="Red apple!", files=("cut.svg", "preview.webp"))

    assert picture == 'inline; filename="red-apple-1.png"'
    assert thumbnail == ""
    assert cut == 'attachment; filename="red-apple-1-cut.svg"'
    assert preview == 'inline; filename="red-apple-1-preview.webp"'


def test_downloads_are_in_the_order_of_the_keys() -> None:
    job, image = a_job(), an_image("cut.svg", "sheet.png", index=3)

    downloads = list(downloads_of(job, image, stem_of(job)))

    assert [each.key for each in downloads] == keys_of(job.job_id, image)
    assert downloads[0].disposition == 'inline; filename="a-red-apple-4.png"'


@pytest.mark.parametrize(
    ("title", "prompt", "plain", "name"),
    [
        ("Äpfel für Oma", "", "apfel-fur-oma-1.png", "äpfel-für-oma-1.png"),
        ("りんご", "", "picture-1.png", "りんご-1.png"),
        ("3 りんご", "", "picture-3-1.png", "3-りんご-1.png"),
        ("тыква soup", "", "soup-1.png", "тыква-soup-1.png"),
        ("हिन्दी", "", "picture-1.png", "हिन्दी-1.png"),
        ("🍎🍏", "red apple", "red-apple-1.png", "red-apple-1.png"),
        ("../../etc/passwd", "", "etc-passwd-1.png", "etc-passwd-1.png"),
        ('a"; filename="b.exe', "", "a-filename-b-exe-1.png", "a-filename-b-exe-1.png"),
        ("gnp\u202eexe.x", "", "gnp-exe-x-1.png", "gnp-exe-x-1.png"),
        ("line\r\nX-Evil: 1", "", "line-x-evil-1-1.png", "line-x-evil-1-1.png"),
        ("", "", "picture-1.png", "picture-1.png"),
    ],
)
def test_title_or_words_name_the_file(title: str, prompt: str, plain: str, name: str) -> None:
    disposition = named(title, prompt=prompt)[0]

    assert disposition.split('"')[1] == plain
    assert name_in(disposition) == name


def test_a_long_text_ends_with_a_whole_word() -> None:
    words = "a detailed watercolour of a small blue house beside a lake with mountains behind"

    assert name_in(named(prompt=words)[0]) == "a-detailed-watercolour-of-a-small-blue-house-1.png"
    assert name_in(named(prompt="x" * 900)[0]) == f"{'x' * 50}-1.png"


def test_any_text_gives_a_valid_header_and_file_name() -> None:
    random_text = random.Random(7)
    alphabet = [
        "\x00",
        "\r\n",
        '"',
        "\\",
        "/",
        ";",
        "%",
        "'",
        "*",
        " ",
        "\u202e",
        "\ud800",
        "\u0301",
        "a",
        "Z",
        "9",
        "ß",
    ]
    alphabet += ["界", "🍎", "İ", "ﬁ", ".", "-", "~"]
    for _ in range(2000):
        text = "".join(random_text.choices(alphabet, k=random_text.randrange(120)))
        for disposition in named(text, prompt=text[::-1], files=("cut.svg",)):
            if not disposition:
                continue
            assert WELL_FORMED.fullmatch(disposition), disposition
            parsed = Message()
            parsed["Content-Disposition"] = disposition
            assert parsed.get_filename()
            name = name_in(disposition)
            assert len(name.encode()) <= 255
            assert not name.startswith((".", "-"))


def test_a_name_in_ascii_needs_no_second_parameter() -> None:
    assert disposition_of("cat-1.png", "clipart") == 'inline; filename="cat-1.png"'
