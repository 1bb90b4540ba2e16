"""A cut file measured with a ruler: the width of the object, the widths of its parts, and its one canvas."""

import io
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from shapely import MultiPolygon, Polygon
from shapely.ops import unary_union

from craftspark.errors import ImageFlawed
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.page import Layer, Page, flatten
from gpu_tasks.tools.cutting.canvas import paint_motif
from gpu_tasks.tools.cutting.cut_file import BORDER, CutFile, CutOptions, make_cut_file, measure_bounds
from gpu_tasks.tools.cutting.delivery import list_files
from gpu_tasks.tools.cutting.printing import enlarge_motif, rasterise
from gpu_tasks.tools.cutting.tracing.sheets import Layering
from gpu_tasks.tools.cutting.tracing.widths import find_narrow_parts
from tests.gpu.tools.test_cutting import speckles

RED, BLUE, BLACK = (210, 30, 40), (40, 60, 200), (20, 20, 20)


def clear(size: int = 240) -> Pixels:
    return np.zeros((size, size, 4), np.uint8)


def put_disc(motif: Pixels, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    rows, columns = np.mgrid[: motif.shape[0], : motif.shape[1]] + 0.5
    cover = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)
    seen = cover > 0
    motif[seen, :3] = colour
    motif[seen, 3] = np.maximum(motif[seen, 3], np.rint(cover[seen] * 255))


def a_disc() -> Pixels:
    motif = clear()
    put_disc(motif, 120, 120, 80, RED)
    return motif


def two_discs(gap: float) -> Pixels:
    motif = clear()
    put_disc(motif, 75 - gap / 2, 120, 40, RED)
    put_disc(motif, 155 + gap / 2, 120, 40, BLUE)
    return motif


def with_antenna(width: int) -> Pixels:
    """A disc of 160 pixels with a line that goes 50 pixels to the right."""
    motif = clear()
    put_disc(motif, 90, 120, 80, RED)
    motif[120 - width // 2 : 120 + (width + 1) // 2, 160:220] = (*RED, 255)
    return motif


def things(cut: CutFile) -> list[Layer]:
    return [layer for layer in cut.page.layers if layer.name != BORDER]


def rings(layers: Sequence[Layer]) -> list[NDArray[np.float64]]:
    return [ring for layer in layers for ring in layer.rings]


def area(layer: Layer) -> Polygon:
    """The area of a layer by the even-odd rule."""
    shape = Polygon()
    for ring in layer.rings:
        shape = shape.symmetric_difference(Polygon(flatten(ring, 0.005)).buffer(0))
    return shape


@pytest.mark.parametrize(
    ("width_mm", "layering", "outline_mm"),
    [(10, "stacked", 4), (63.5, "knockout", 0), (100, "knockout", 4), (600, "stacked", 0)],
)
def test_the_object_has_the_width_that_was_asked(width_mm: float, layering: Layering, outline_mm: float) -> None:
    options = CutOptions(
        width_mm=width_mm,
        smallest_mm=1,
        layering=layering,
        outline_mm=outline_mm,
        margin=0.1,
    )

    for motif in (two_discs(20), with_antenna(3), speckles(96, 1, 9, 0)):
        cut = make_cut_file(motif, options)
        left, top, right, bottom = measure_bounds(rings(things(cut)))

        assert abs(right - left - width_mm) < 0.01
        margin = 0.1 * max(right - left, bottom - top) + outline_mm
        assert min(left, top, cut.page.width_mm - right, cut.page.height_mm - bottom) > margin - 0.2


@pytest.mark.parametrize(("pixels", "kept"), [(2, False), (12, True)])
def test_a_part_is_kept_by_its_width_and_not_by_its_area(pixels: int, kept: bool) -> None:
    """At 1 mm for 2 pixels, the line has 50 mm2 at most and is 1 or 6 mm wide."""
    cut = make_cut_file(with_antenna(pixels), CutOptions(width_mm=105 if kept else 80, smallest_mm=1.5, colours=0))

    left, top, right, bottom = measure_bounds(rings(things(cut)))

    assert ((right - left) / (bottom - top) > 1.2) == kept


@pytest.mark.parametrize("smallest_mm", [0.5, 1.5, 4])
@pytest.mark.parametrize("layering", ["stacked", "knockout"])
def test_no_part_of_a_layer_is_narrower_than_the_smallest_width(smallest_mm: float, layering: Layering) -> None:
    cut = None
    for seed in range(2):
        options = CutOptions(width_mm=90, smallest_mm=smallest_mm, layering=layering)
        try:
            cut = make_cut_file(speckles(96, seed, 6, -0.5), options)
        except ImageFlawed:
            continue
        for layer in cut.page.layers:
            shape = area(layer).buffer(0)
            assert find_narrow_parts(shape, smallest_mm - 0.2).area < 0.01 * shape.area
    assert cut


def test_a_separate_piece_that_is_too_narrow_is_found_however_small_it_is() -> None:
    """As small a part that touches the rest would be the tip of a corner."""
    wide, grain = Polygon([(0, 0), (20, 0), (20, 20), (0, 20)]), Polygon([(30, 0), (30.5, 0), (30.5, 0.5), (30, 0.5)])

    assert find_narrow_parts(MultiPolygon([wide]), 1.5).is_empty
    assert find_narrow_parts(MultiPolygon([wide, grain]), 1.5).equals(grain)


@pytest.mark.parametrize("gap", [10, 60])
def test_a_sticker_with_parts_has_one_border(gap: float) -> None:
    cut = make_cut_file(two_discs(gap), CutOptions(width_mm=100, outline_mm=3))

    assert cut.border
    assert len(cut.border.rings) == 1
    outside = unary_union([area(layer) for layer in things(cut)])
    border = area(cut.border)
    assert border.contains(outside.buffer(2.8))
    assert border.area < outside.convex_hull.buffer(3.3).area


def test_knocked_out_layers_do_not_lie_on_each_other_and_stacked_ones_do() -> None:
    motif = a_disc()
    put_disc(motif, 120, 120, 40, BLUE)
    put_disc(motif, 120, 120, 15, BLACK)

    for layering, share in (("knockout", 0.01), ("stacked", 1.0)):
        cut = make_cut_file(motif, CutOptions(layering=layering))  # type: ignore[arg-type]
        first, *others = map(area, cut.page.layers)
        assert len(others) == 2
        for other in others:
            assert abs(first.intersection(other).area / other.area - share) < 0.02
        assert others[0].intersection(others[1]).area < 0.02 * others[1].area


def files_of(motif: Pixels, options: CutOptions, *, mirror: bool = False) -> tuple[CutFile, Pixels, Pixels]:
    cut = make_cut_file(motif, options)
    picture = paint_motif(motif, cut.canvas)
    files = dict(list_files(picture, cut, mirror=mirror))
    return cut, picture, files["sticker.png"].pixels  # type: ignore[union-attr]


def edges(covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    edge: NDArray[np.bool_] = covered & ~ndimage.binary_erosion(covered)
    return edge


def furthest_mm(first: NDArray[np.bool_], second: NDArray[np.bool_], mm: float) -> float:
    """How far the edge of one area is from that of the other, in mm."""
    away = ndimage.distance_transform_edt(~edges(second))
    return float(np.quantile(away[edges(first)], 0.999)) * mm


@pytest.mark.parametrize("width_mm", [30, 100, 150])
def test_print_and_cut_register(width_mm: float) -> None:
    motif = clear(800)
    put_disc(motif, 400, 400, 320, RED)

    cut, picture, sticker = files_of(motif, CutOptions(width_mm=width_mm, outline_mm=3, margin=0.05))

    assert cut.border
    height, width = picture.shape[:2]
    assert sticker.shape == picture.shape
    assert abs(width / cut.canvas.dpi * 25.4 - cut.page.width_mm) < 0.001
    mm = cut.page.width_mm / width
    cut_line = rasterise(
        Page(width_mm=cut.page.width_mm, height_mm=cut.page.height_mm, layers=[cut.border]), width, height
    )
    assert furthest_mm(sticker[..., 3] >= 128, cut_line >= 128, mm) < max(0.1, mm)
    object_line = rasterise(
        Page(width_mm=cut.page.width_mm, height_mm=cut.page.height_mm, layers=things(cut)), width, height
    )
    assert furthest_mm(picture[..., 3] >= 128, object_line >= 128, mm) < max(0.1, mm)


def test_a_sticker_is_white_around_the_object() -> None:
    _, picture, sticker = files_of(a_disc(), CutOptions(width_mm=30, outline_mm=3))

    around = (sticker[..., 3] == 255) & (picture[..., 3] == 0)
    assert around.mean() > 0.1
    assert (sticker[around][:, :3] == 255).all()
    inside = picture[..., 3] == 255
    assert (sticker[inside] == picture[inside]).all()


def test_mirrored_files_are_the_others_from_behind() -> None:
    motif = with_antenna(20)
    options = CutOptions(width_mm=60, outline_mm=2)

    cut, _, sticker = files_of(motif, options)
    _, picture, mirrored = files_of(motif, options, mirror=True)

    assert (mirrored == sticker[:, ::-1]).all()
    assert (picture == paint_motif(motif, cut.canvas)).all()
    bounds = measure_bounds(rings(cut.page.layers))
    behind = measure_bounds(rings(cut.page.mirrored().layers))
    assert np.allclose((behind[0], behind[2]), (cut.page.width_mm - bounds[2], cut.page.width_mm - bounds[0]))


@pytest.mark.parametrize(("width_mm", "dpi"), [(10, None), (100, 300), (340, 300), (600, None)])
def test_a_picture_has_300_dpi_unless_it_would_be_too_small_or_too_large(width_mm: float, dpi: int | None) -> None:
    motif = a_disc()

    cut = make_cut_file(motif, CutOptions(width_mm=width_mm, smallest_mm=1))
    picture = paint_motif(motif, cut.canvas)

    assert 512 <= max(picture.shape) <= 4096
    assert (round(cut.canvas.dpi) == 300) == (dpi == 300)
    columns = np.flatnonzero((picture[..., 3] >= 128).any(0))
    assert abs((np.ptp(columns) + 1) / cut.canvas.dpi * 25.4 - width_mm) < 25.4 / cut.canvas.dpi * 3


class Doubler:
    def upscale(self, pixels: Pixels, factor: int) -> Pixels:
        assert pixels.shape[2] == 3
        return pixels.repeat(factor, 0).repeat(factor, 1)


@pytest.mark.parametrize(("target", "factor"), [(200, 1), (300, 2), (900, 4), (9000, 4)])
def test_a_motif_is_enlarged_as_far_as_its_print_needs_and_its_edge_stays(target: float, factor: int) -> None:
    motif = a_disc()

    large = enlarge_motif(motif, target, Doubler())  # type: ignore[arg-type]

    assert large.shape == (240 * factor, 240 * factor, 4)
    rows, columns = np.mgrid[: 240 * factor, : 240 * factor] + 0.5
    away = np.hypot(columns - 120 * factor, rows - 120 * factor) - 80 * factor
    wrong = (large[..., 3] >= 128) != (away < 0)
    assert np.abs(away[wrong]).max(initial=0) < 1.2 * factor
    assert (large[large[..., 3] > 0][:, :3] == RED).all()


def test_files_are_named_for_the_programs_that_open_them() -> None:
    motif = a_disc()
    cut = make_cut_file(motif, CutOptions())

    names = list(_names(motif, cut))

    assert names == ["cut.svg", "cut.dxf", "cut.pdf", "cut.eps"]


def _names(motif: Pixels, cut: CutFile) -> Iterator[str]:
    for name, _ in list_files(paint_motif(motif, cut.canvas), cut, mirror=False):
        yield name


def test_a_picture_file_states_its_resolution_and_profile() -> None:
    from gpu_tasks.images.output import Png, encode_file

    cut = make_cut_file(a_disc(), CutOptions(width_mm=150, outline_mm=2))
    content = encode_file(Png(pixels=paint_motif(a_disc(), cut.canvas), dpi=cut.canvas.dpi))

    with Image.open(io.BytesIO(content)) as image:
        assert abs(image.width / image.info["dpi"][0] * 25.4 - cut.page.width_mm) < 0.01
        assert image.info["icc_profile"]
