"""Sheets for print shops: bleed, marks, and the boxes of their PDF."""

import io

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray
from PIL import Image

from craftspark.tools.print_marks import Marks, margin_mm
from craftspark.tools.sheet import Sheet
from craftspark.tools.toss import Repeat
from gpu_tasks.images.output import PrintPdf, encode_file
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.print_marks import Margins, draw_marks, find_margins
from gpu_tasks.tools.pattern.pattern import print_sheet
from gpu_tasks.tools.pattern.repeats import fit_size, make_sheet

DPI = 300
MM = DPI / 25.4


def a_tile(channels: int = 3) -> Pixels:
    """Colours with nothing black, so that every black pixel of a sheet is a mark."""
    return np.random.default_rng(2).integers(60, 255, (40, 60, channels), np.uint8)


def a_page(marks: Marks, bleed_mm: float = 0, channels: int = 3) -> tuple[Pixels, Margins]:
    margins = find_margins(bleed_mm, marks, DPI)
    page = make_sheet(a_tile(channels), "straight", 5, 4, 2, dpi=DPI, margins=margins)
    draw_marks(page, margins, marks, DPI)
    return page, margins


def black(page: Pixels) -> NDArray[np.bool_]:
    dark: NDArray[np.bool_] = (page[..., :3] == 0).all(2)
    return dark & (page[..., 3] == 255) if page.shape[2] == 4 else dark


@pytest.mark.parametrize("repeat", ["straight", "half-drop", "brick"])
def test_the_pattern_continues_in_the_bleed(repeat: Repeat) -> None:
    margins = find_margins(10, "none", DPI)
    bleed = margins.bleed

    page = make_sheet(a_tile(), repeat, 6, 6, 1, dpi=DPI, margins=margins)

    trimmed = page[bleed:-bleed, bleed:-bleed]
    np.testing.assert_array_equal(trimmed, make_sheet(a_tile(), repeat, 6, 6, 1, dpi=DPI))
    # Two tiles are a whole period in any repeat, so each pixel outside the trim is found again inside it.
    across, down = (2 * side for side in fit_size((300 / 2.54, 200 / 2.54), repeat))
    np.testing.assert_array_equal(page[:-down, :-across], page[down:, across:])


def test_a_bleed_is_never_narrower_than_asked_for() -> None:
    assert find_margins(3, "none", DPI) == Margins(bleed=36)  # 35.4 pixels
    assert find_margins(2.54, "none", DPI) == Margins(bleed=30)
    assert find_margins(0, "none", DPI).all == 0


@pytest.mark.parametrize("bleed_mm", [0, 2, 3, 10])
def test_crop_marks_continue_the_edges_of_the_trim_and_leave_the_bleed_free(bleed_mm: float) -> None:
    page, margins = a_page("crop", bleed_mm)
    marks = black(page)
    height, width = marks.shape
    edge = margins.all

    assert not marks[margins.slug : height - margins.slug, margins.slug : width - margins.slug].any()
    for row in (0, height - 1):
        assert np.flatnonzero(marks[row]).tolist() == [edge - 1, edge, width - edge - 1, width - edge]
    for column in (0, width - 1):
        assert np.flatnonzero(marks[:, column]).tolist() == [edge - 1, edge, height - edge - 1, height - edge]
    length = int(marks[: height // 2, edge].sum())
    assert length == pytest.approx(5 * MM, abs=1)
    assert edge - length >= 3 * MM - 1


@pytest.mark.parametrize("channels", [3, 4])
def test_registration_marks_are_a_square_and_two_corners_with_nothing_inside(channels: int) -> None:
    page, margins = a_page("registration", 3, channels)
    marks = black(page)
    height, width = marks.shape
    edge, square, leg = 60, 60, 237  # pixels of 5 and 20 mm, rounded up

    assert margins.slug == pytest.approx(25 * MM, abs=1)
    assert marks[edge : edge + square, edge : edge + square].all()
    assert marks[edge - 2 : edge + 2, width - edge - leg : width - edge + 2].all()
    assert marks[edge - 2 : edge + leg, width - edge - 2 : width - edge + 2].all()
    assert marks[height - edge - 2 : height - edge + 2, edge - 2 : edge + leg].all()
    assert marks[height - edge - leg : height - edge + 2, edge - 2 : edge + 2].all()
    assert marks.sum() == square**2 + 2 * (2 * 4 * (leg + 2) - 4 * 4)
    outside = np.ones_like(marks)
    outside[margins.slug : height - margins.slug, margins.slug : width - margins.slug] = False
    blank = page[outside & ~marks]
    assert (blank == (0 if channels == 4 else 255)).all()


def test_a_sheet_without_a_bleed_and_marks_is_only_a_png() -> None:
    page = Sheet(width=5, height=4, repeat=2)

    assert list(print_sheet(a_tile(), "straight", page)) == ["sheet.png"]
    assert list(print_sheet(a_tile(), "straight", page.model_copy(update={"bleed_mm": 3}))) == [
        "sheet.png",
        "sheet.pdf",
    ]


@pytest.mark.parametrize("channels", [3, 4])
def test_another_program_reads_the_boxes_and_the_pixels_of_the_pdf(channels: int) -> None:
    page = Sheet(width=5, height=4, repeat=2, bleed_mm=3, marks="crop")
    files = print_sheet(a_tile(channels), "straight", page)
    pdf, png = encode_file(files["sheet.pdf"]), encode_file(files["sheet.png"])

    [read] = pypdfium2.PdfDocument(pdf)

    def sides(box: tuple[float, float, float, float]) -> list[float]:
        return [(box[2] - box[0]) / 72 * 25.4, (box[3] - box[1]) / 72 * 25.4]

    assert sides(read.get_trimbox()) == pytest.approx([50, 40], abs=0.1)
    assert sides(read.get_bleedbox()) == pytest.approx([56, 46], abs=0.2)
    outside = 2 * margin_mm(3, "crop")
    assert sides(read.get_mediabox()) == pytest.approx([50 + outside, 40 + outside], abs=0.3)
    with Image.open(io.BytesIO(png)) as image:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
    # The program rounds a fraction of a pixel up.
    shown = np.asarray(read.render(scale=DPI / 72 * 0.999999).to_pil().convert("RGB"))
    assert abs(shown.astype(int) - np.asarray(white.convert("RGB"))).max() <= 2


def test_a_pdf_has_its_recipe_and_always_the_same_bytes() -> None:
    file = PrintPdf(pixels=a_tile(), dpi=DPI, margins=Margins(bleed=2, slug=3))

    assert encode_file(file, "<x:xmpmeta/>") == encode_file(file, "<x:xmpmeta/>")
    assert b"<x:xmpmeta/>" in encode_file(file, "<x:xmpmeta/>")
    assert b"/Metadata 7 0 R" not in encode_file(file)
