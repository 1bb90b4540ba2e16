"""A cut file has the same outline in all of its formats, by the readers of other projects."""

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pypdfium2
import pytest
import resvg_py
from ezdxf import recover
from ezdxf.colors import aci2rgb
from ezdxf.entities.polyline import Polyline
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_erosion, distance_transform_edt
from shapely import MultiPolygon, Polygon
from shapely.ops import unary_union

from gpu_tasks.images.output import Dxf, Eps, Pdf, encode_file
from gpu_tasks.images.vectors.dxf import find_colour_number
from gpu_tasks.images.vectors.page import Layer, Page, flatten, make_line_ring
from gpu_tasks.images.vectors.svg import write_svg
from gpu_tasks.tools.cutting.cut_file import CutOptions, make_cut_file
from tests.gpu.tools.test_cutting import speckles

SEEDS = range(20)
PIXELS_PER_MM = 20
NEAR_MM = 0.1


@cache
def a_page(seed: int) -> Page:
    return make_cut_file(speckles(96, seed, 9, 0), CutOptions(width_mm=40, margin=0.05)).page


def shape_of(page: Page) -> MultiPolygon:
    """The area inside the paths of a page in mm."""
    return unary_union([Polygon(flatten(ring, 0.005)).buffer(0) for layer in page.layers for ring in layer.rings])


def in_black(page: Page) -> Page:
    """The page with all of its layers in black, so that white ones are visible too."""
    return replace(page, layers=[replace(layer, colour="#000000") for layer in page.layers])


def measure_distance_mm(page: Page, picture: NDArray[np.uint8]) -> float:
    """How far the edges of a page in a picture (height, width) are from those of its SVG."""
    svg = bytes(
        resvg_py.svg_to_bytes(svg_string=write_svg(page), zoom=PIXELS_PER_MM * 25.4 / 96, dpi=96, background="#ffffff")
    )
    expected = np.asarray(Image.open(io.BytesIO(svg)).convert("L"))
    height, width = (min(sides) for sides in zip(picture.shape, expected.shape, strict=True))
    first, second = (find_edge(each[:height, :width] < 128) for each in (picture, expected))
    away = max(distance_transform_edt(~second)[first].max(), distance_transform_edt(~first)[second].max())
    return float(away) / PIXELS_PER_MM


def find_edge(covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    edge: NDArray[np.bool_] = covered & ~binary_erosion(covered)
    return edge


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dxf_has_the_outline_of_the_page_in_closed_polylines(seed: int) -> None:
    page = a_page(seed)
    document, auditor = recover.read(io.BytesIO(encode_file(Dxf(page=page))))

    assert not auditor.has_errors
    assert document.dxfversion == "AC1009"
    lines = [entity for entity in document.modelspace() if isinstance(entity, Polyline)]
    assert len(lines) == sum(len(layer.rings) for layer in page.layers)
    assert all(line.is_closed for line in lines)
    assert {line.dxf.layer for line in lines} == {layer.dxf.name for layer in document.layers} - {"0", "Defpoints"}
    found = [np.array([(point.x, page.height_mm - point.y) for point in line.points()]) for line in lines]
    read = unary_union([Polygon(points).buffer(0) for points in found])
    assert read.boundary.hausdorff_distance(shape_of(page).boundary) < NEAR_MM


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pdf_has_the_outline_and_the_size_of_the_page(seed: int) -> None:
    page = in_black(a_page(seed))
    [read] = pypdfium2.PdfDocument(encode_file(Pdf(page=page)))

    assert np.allclose(np.array(read.get_size()) * 25.4 / 72, (page.width_mm, page.height_mm), atol=0.01)
    bitmap = read.render(scale=PIXELS_PER_MM * 25.4 / 72).to_pil().convert("L")
    assert measure_distance_mm(page, np.asarray(bitmap)) <= NEAR_MM


def test_a_pdf_has_a_content_group_for_each_layer_and_the_packet() -> None:
    page = a_page(0)

    content = encode_file(Pdf(page=page), "<x:xmpmeta>é</x:xmpmeta>")

    assert content.count(b"/Type /OCG") == len(page.layers)
    assert "<x:xmpmeta>é</x:xmpmeta>".encode() in content
    assert len(pypdfium2.PdfDocument(content)) == 1


def test_an_eps_states_its_size_and_has_the_paths_of_the_pdf() -> None:
    page = a_page(0)
    eps, pdf = encode_file(Eps(page=page)).decode(), encode_file(Pdf(page=page)).decode("latin-1")

    width, height = (side * 72 / 25.4 for side in (page.width_mm, page.height_mm))
    size = next(line for line in eps.splitlines() if line.startswith("%%HiResBoundingBox"))
    assert np.allclose([float(value) for value in size.split()[1:]], (0, 0, width, height), atol=0.001)
    assert list(paths_in(eps)) == list(paths_in(pdf))
    assert len(list(paths_in(eps))) >= page.nodes


def paths_in(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.endswith((" m", " l", " c")):
            yield line


@pytest.mark.parametrize("kind", [Dxf, Pdf, Eps])
def test_the_same_page_has_the_same_bytes(kind: type[Dxf] | type[Pdf] | type[Eps]) -> None:
    a_page.cache_clear()
    first = encode_file(kind(page=a_page(3)))
    a_page.cache_clear()

    assert encode_file(kind(page=a_page(3))) == first


def test_an_svg_has_one_size_for_programs_that_read_millimetres_and_for_those_that_count_72_units_an_inch() -> None:
    page = Page(
        width_mm=254,
        height_mm=127,
        layers=[Layer(name="Red", colour="#ff0000", rings=[make_line_ring(np.array([[0, 0], [254.0, 0], [0, 127]]))])],
    )

    svg = write_svg(page)

    assert 'width="254.0000mm" height="127.0000mm" viewBox="0 0 720.0000 360.0000"' in svg
    assert 'd="M0 0L720 0L0 360L0 0Z"' in svg


@pytest.mark.parametrize("number", range(10, 250))
def test_a_dxf_colour_is_the_nearest_of_autocad_s(number: int) -> None:
    wanted = aci2rgb(number)

    chosen = aci2rgb(find_colour_number(wanted))

    assert max(abs(a - b) for a, b in zip(chosen, wanted, strict=True)) <= 30
