"""Sticker sheets: print and cut register, stickers keep their distance, and unsuitable sources are refused."""

import io
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from shapely import Polygon, box

from craftspark.errors import ImageFlawed
from craftspark.models.networks import NETWORKS
from craftspark.tools.sources import Source
from gpu_tasks import recipe as command
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Dxf, FinishedImage, Pdf, Png, PrintPdf, Svg, encode_file, measure_object_aspect
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.page import flatten
from gpu_tasks.renderers.tool_renderers import Surroundings, ToolRenderers, build_network_renderers
from gpu_tasks.tools.cutting.printing import rasterise
from gpu_tasks.tools.sticker_sheet.outlines import outline_object
from gpu_tasks.tools.sticker_sheet.packing import Room, pack
from tests.gpu.motifs import RED, a_motif
from tests.gpu.rendering import SETTINGS, an_order_of, silent

MM = 25.4 / 300
TALL = np.pad(a_motif(160)[:, 40:120], ((9, 3), (20, 1), (0, 0)))
EMPTY = np.zeros((64, 64, 4), np.uint8)


def with_specks(picture: Pixels) -> Pixels:
    """A picture with two stray pixels at its top and at its left edge."""
    specks = picture.copy()
    specks[0, 80] = specks[80, 0] = (0, 0, 0, 255)
    return specks


def a_ring(side: int) -> Pixels:
    """A blue ring."""
    image = Image.new("RGBA", (side, side))
    ImageDraw.Draw(image).ellipse((4, 4, side - 5, side - 5), outline=(20, 60, 200, 255), width=side // 6)
    return np.asarray(image)


def opened(pictures: Sequence[Pixels], stickers: Sequence[Mapping[str, Any]], **fields: Any) -> tuple[Any, ImageOrder]:
    """The renderers of a pool without a diffusion model, and the order for the pictures."""
    files = {f"{number}": encode_file(Png(pixels=picture)) for number, picture in enumerate(pictures)}
    sources = [
        Source(
            reference=f"upload/{chr(ord('a') + number) * 26}",
            bucket="uploads",
            key=str(number),
            width=picture.shape[1],
            height=picture.shape[0],
            alpha=True,
        )
        for number, picture in enumerate(pictures)
    ]
    network = NETWORKS["craftspark-upscaler-x4"]
    surroundings = Surroundings.of(lambda source: files[source.key], SETTINGS)
    renderers = build_network_renderers(network, surroundings, ["sticker-sheet"])
    named = [{**sticker, "source": source.reference} for sticker, source in zip(stickers, sources, strict=True)]
    body = json.dumps({"paper": "a5", **fields, "stickers": named})
    return renderers, an_order_of("sticker-sheet", 1, body, *sources)


def draw(pictures: Sequence[Pixels], stickers: Sequence[Mapping[str, Any]], **fields: Any) -> FinishedImage:
    renderers, order = opened(pictures, stickers, **fields)
    [drawing] = renderers.render([order], silent)
    assert isinstance(drawing, Drawing), drawing
    done: FinishedImage = renderers._renderer(order).finish(order, drawing)
    return done


def refused(pictures: Sequence[Pixels], stickers: Sequence[Mapping[str, Any]], **fields: Any) -> str:
    renderers, order = opened(pictures, stickers, **fields)
    [error] = renderers.render([order], silent)
    assert isinstance(error, ImageFlawed), error
    return error.detail


def lines(done: FinishedImage) -> list[Polygon]:
    """The cut lines in mm."""
    cut = done.files["cut.dxf"]
    assert isinstance(cut, Dxf)
    [layer] = cut.page.layers
    return [Polygon(flatten(ring, 0.01)) for ring in layer.rings]


def edge(covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = covered & ~ndimage.binary_erosion(covered)
    return found


MIXED = [{"width_mm": 30, "copies": 2}, {"width_mm": 22, "copies": 3}, {"width_mm": 25}]
PICTURES = [a_motif(200), TALL, a_ring(120)]


@pytest.fixture(scope="module")
def filled() -> FinishedImage:
    """A5, filled with three pictures, the stickers turned where that saves room."""
    return draw(PICTURES, MIXED, fill=True)


def test_print_and_cut_register(filled: FinishedImage) -> None:
    """The edge of the print is on the line that is cut."""
    cut = filled.files["cut.dxf"]
    assert isinstance(cut, Dxf)
    page = filled.picture.pixels
    height, width = page.shape[:2]
    assert (width, height) == (1748, 2480)
    assert cut.page.width_mm == pytest.approx(width * MM, abs=0.01)
    assert cut.page.height_mm == pytest.approx(height * MM, abs=0.01)

    printed, line = edge(page[..., 3] >= 128), edge(rasterise(cut.page, width, height) >= 128)

    away = ndimage.distance_transform_edt(~line)
    assert away[printed].max() <= 1.0  # pixels, less than 0.1 mm


def test_a_sheet_has_one_line_for_each_sticker_with_its_distance_inside_the_margin(filled: FinishedImage) -> None:
    found = lines(filled)
    assert len(found) == filled.scores["stickers"] > 6
    assert all(line.is_valid and not line.interiors for line in found)

    room = box(5, 5, 148 - 5, 210 - 5)
    assert all(room.buffer(0.1).contains(line) for line in found)
    assert min(one.distance(other) for one, other in combinations(found, 2)) >= 3 - 0.1


def test_the_line_is_outside_the_object_by_the_width_of_the_border(filled: FinishedImage) -> None:
    page = filled.picture.pixels
    _, blue_green, blue = (page[..., channel].astype(int) for channel in range(3))
    things = (page[..., 3] == 255) & ((blue_green < 200) | (blue < 200))
    inside = ndimage.distance_transform_edt(page[..., 3] >= 128)
    assert inside[things].min() * MM == pytest.approx(2, abs=0.15)
    # Between the stickers, the page is clear, and inside a line all is solid.
    assert set(np.unique(page[:10, :, 3])) == {0}
    widths = sorted(round(min(np.ptp(np.array(line.envelope.exterior.coords), 0))) for line in lines(filled))
    assert widths[0] >= 22


def test_a_sheet_has_the_same_page_as_a_pdf_and_in_all_cut_formats(filled: FinishedImage) -> None:
    assert list(filled.files) == ["sheet.pdf", "cut.svg", "cut.dxf", "cut.pdf", "cut.eps"]
    cut, printed, svg = filled.files["cut.pdf"], filled.files["sheet.pdf"], filled.files["cut.svg"]
    assert isinstance(cut, Pdf)
    assert isinstance(printed, PrintPdf)
    assert isinstance(svg, Svg)
    assert filled.picture.dpi == pytest.approx(300, abs=0.01)
    sizes = [pypdfium2.PdfDocument(encode_file(file))[0].get_size() for file in (cut, printed)]
    np.testing.assert_allclose(sizes[0], sizes[1], atol=0.02)
    np.testing.assert_allclose(np.array(sizes[0]) / 72 * 25.4, (148, 210), atol=0.1)
    assert printed.pixels.shape[2] == 3
    assert (printed.pixels[0, 0] == 255).all()
    assert svg.text.count("<path") == 1
    with Image.open(io.BytesIO(encode_file(filled.picture))) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.info["icc_profile"]


def test_a_filled_sheet_has_the_wanted_copies_and_more(filled: FinishedImage) -> None:
    wanted = draw(PICTURES, MIXED)
    upright = draw(PICTURES, MIXED, fill=True, rotate=False)

    assert wanted.scores["stickers"] == len(lines(wanted)) == 6
    assert upright.scores["stickers"] <= filled.scores["stickers"]
    # The stickers of a sheet that is not full are together in its middle.
    left, top, right, bottom = np.array([line.bounds for line in lines(wanted)]).T
    assert left.min() + right.max() == pytest.approx(148, abs=4)
    assert top.min() + bottom.max() == pytest.approx(210, abs=4)
    # Upright stickers are upright.
    heights = {round(b - t) for t, b in zip(top, bottom, strict=True)}
    assert heights


def test_without_a_border_the_bleed_has_the_colours_of_the_edge() -> None:
    plain = draw([a_motif(200)], [{"width_mm": 40}], outline_mm=0)
    bled = draw([a_motif(200)], [{"width_mm": 40}], outline_mm=0, bleed_mm=1.5, marks="crop")

    for done, extra in ((plain, 0.0), (bled, 1.5)):
        page, [line] = done.picture.pixels, lines(done)
        left, _, right, _ = line.bounds
        assert right - left == pytest.approx(40, abs=0.1)
        middle = round(line.centroid.y / MM)
        solid = np.flatnonzero((page[middle, :, 3] == 255) & (page[middle, :, 0] > 150)) * MM
        assert solid.min() == pytest.approx(left - extra, abs=0.2)
        assert solid.max() == pytest.approx(right + extra - MM, abs=0.2)
        colour = page[middle, round((left - extra) / MM) + 3, :3].astype(int)
        assert np.abs(colour - RED).max() < 30


def test_a_white_border_has_white_bleed() -> None:
    done = draw([a_motif(100)], [{"width_mm": 30}], bleed_mm=1, gap_mm=2)

    page, [line] = done.picture.pixels, lines(done)
    outside = round(line.centroid.y / MM), round((line.bounds[0] - 0.6) / MM)
    assert tuple(page[outside]) == (255, 255, 255, 255)


def test_marks_are_in_the_margin_and_the_boxes_of_the_pdf_follow_them() -> None:
    for marks, margin in (("crop", 13), ("registration", 25 + 1)):
        done = draw([a_motif(100)], [{"width_mm": 30}], marks=marks, bleed_mm=1)
        page = done.picture.pixels
        black = (page[..., :3] == 0).all(2) & (page[..., 3] == 255)
        side = round((margin - 1.2) / MM)
        assert black.any()
        assert not black[side:-side, side:-side].any()
        edge_dots = round(4.8 / MM)
        assert not black[:edge_dots].any()
        assert not black[:, -edge_dots:].any()
        pdf = pypdfium2.PdfDocument(encode_file(done.files["sheet.pdf"]))[0]
        np.testing.assert_allclose(
            np.array(pdf.get_trimbox())[:2] / 72 * 25.4, (margin, margin), atol=0.1, err_msg=str(marks)
        )
        np.testing.assert_allclose(np.array(pdf.get_bleedbox())[:2] / 72 * 25.4, (margin - 1,) * 2, atol=0.1)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (EMPTY, "sticker 2 cannot be used: nothing in it is solid"),
        (np.dstack([EMPTY[..., :3], np.full((64, 64), 90, np.uint8)]), "sticker 2 cannot be used: nothing in it is"),
        (np.pad(a_motif(12), ((100, 0), (100, 0), (0, 0))), "sticker 2 cannot be used: its object has"),
        (np.full((1200, 80, 4), 255, np.uint8), "sticker 2 is 34 x 4"),
    ],
    ids=["clear", "faint", "tiny", "tall"],
)
def test_a_source_that_is_no_sticker_is_refused_by_its_number(picture: Pixels, words: str) -> None:
    assert words in refused([a_motif(100), picture], [{}, {"width_mm": 30}])


def test_stickers_that_do_not_fit_are_refused_with_how_many_do() -> None:
    detail = refused([a_motif(100)], [{"width_mm": 40, "copies": 20}])

    assert "of 20 stickers fit on a5" in detail
    fit = int(detail.split()[1])
    assert draw([a_motif(100)], [{"width_mm": 40, "copies": fit}]).scores["stickers"] == fit


def test_a_sticker_that_fits_only_turned_is_turned() -> None:
    wide = np.full((40, 300, 4), 255, np.uint8)

    assert "room for 136 x" not in str(draw([wide], [{"width_mm": 170, "copies": 3}]).scores)
    [line] = lines(draw([wide], [{"width_mm": 170}]))
    assert np.ptp(np.array(line.bounds)[[1, 3]]) == pytest.approx(174, abs=0.2)


def test_the_same_source_can_be_on_a_sheet_twice_and_a_large_one_is_printed_small() -> None:
    large = np.asarray(Image.fromarray(a_motif(200)).resize((2400, 2400)))

    done = draw([large, large], [{"width_mm": 12}, {"width_mm": 24}])

    widths = sorted(np.ptp(np.array(line.bounds)[[0, 2]]) for line in lines(done))
    np.testing.assert_allclose(widths, (16, 28), atol=0.1)


def test_parts_and_specks_have_one_line() -> None:
    picture = np.zeros((200, 300, 4), np.uint8)
    picture[40:160, 20:120] = picture[60:140, 180:280] = (200, 30, 30, 255)
    picture[5, 295] = 255  # a speck

    for border in (0.0, 0.5, 2.0):
        outline = outline_object(picture, 60, border)
        found = Polygon(flatten(outline.ring, 0.01))
        assert found.is_valid
        assert outline.size_mm[0] == pytest.approx(60 + 2 * border, abs=0.2)
    assert found.bounds[3] - found.bounds[1] == pytest.approx(120 * 60 / 260 + 4, abs=0.2)


@pytest.mark.parametrize("rotate", [False, True])
def test_packed_stickers_never_overlap_and_keep_inside(rotate: bool) -> None:
    chance = np.random.default_rng(3)
    for _ in range(10):
        sizes = [(float(width), float(height)) for width, height in chance.uniform(9, 60, (chance.integers(1, 9), 2))]
        room, gap = Room(size_mm=(138.2, 199.8), gap_mm=float(chance.uniform(0, 5))), 0.0
        room = Room(size_mm=room.size_mm, gap_mm=round(room.gap_mm, 1))
        gap = room.gap_mm
        packing = pack(sizes, [1] * len(sizes), room, fill=True, rotate=rotate)
        areas = []
        for place in packing.places:
            width, height = sizes[place.sticker][::-1] if place.turned else sizes[place.sticker]
            areas.append(box(place.left_mm, place.top_mm, place.left_mm + width, place.top_mm + height))
        whole = box(-1e-6, -1e-6, room.size_mm[0] + 1e-6, room.size_mm[1] + 1e-6)
        assert packing.complete
        assert all(whole.contains(area) for area in areas)
        assert all(one.distance(other) >= gap - 1e-6 for one, other in combinations(areas, 2))
        assert rotate or not any(place.turned for place in packing.places)


def test_a_recipe_makes_the_same_sheet_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    renderers, order = opened([a_motif(60), TALL], [{"width_mm": 20}, {"width_mm": 15}])
    assert isinstance(renderers, ToolRenderers)
    [drawing] = renderers.render([order], silent)
    assert isinstance(drawing, Drawing)
    made = renderers.finish(order, drawing)
    (tmp_path / "sheet.png").write_bytes(made.png)
    (tmp_path / "cut.svg").write_bytes(made.files["cut.svg"])
    sources = []
    for number, picture in enumerate((a_motif(60), TALL)):
        file = tmp_path / f"{number}.png"
        file.write_bytes(encode_file(Png(pixels=picture)))
        sources += ["--source", str(file)]

    for name in ("sheet.png", "cut.svg"):
        assert (
            command.main([str(tmp_path / name), "--again", str(tmp_path / f"again-{name}"), *sources]) == command.SAME
        )
    assert "upload/" not in capsys.readouterr().out
    assert command.main([str(tmp_path / "cut.svg"), "--again", str(tmp_path / "x"), *sources[:2]]) == command.REFUSED
    assert "made from 2 source images" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("picture", "close"),
    [(a_motif(300), True), (TALL, True), (a_ring(64), True), (with_specks(a_motif(300)), False)],
    ids=["motif", "tall", "small", "specks"],
)
def test_the_aspect_of_an_object_is_never_more_than_that_of_its_outline(picture: Pixels, close: bool) -> None:
    """Submission refuses by it what no page has room for."""
    width, height = outline_object(picture, 60, 0).size_mm

    aspect = measure_object_aspect(picture[..., 3])

    assert aspect is not None
    assert aspect * 60 <= height
    assert not close or aspect >= 0.85 * height / width


def test_an_image_without_anything_solid_has_no_aspect() -> None:
    assert measure_object_aspect(EMPTY[..., 3]) is None
    assert measure_object_aspect(np.pad(np.full((1, 40), 255, np.uint8), 20)) is None
