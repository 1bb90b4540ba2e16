"""Line art: strokes of even width from drawings, photos and outlines, and pictures that have none."""

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from craftspark.errors import ImageFlawed
from craftspark.models.networks import NETWORKS
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.renderers.tool_renderers import build_network_renderers
from gpu_tasks.tools.lineart.drawing_lines import draw_lines
from gpu_tasks.tools.lineart.strokes import smooth_stroke, trace_strokes
from gpu_tasks.tools.lineart.thinning import thin
from tests.gpu.motifs import a_motif
from tests.gpu.rendering import an_order_of, pixels_in, silent, surroundings_with
from tests.gpu.tools.test_tools import brought

WIDTH_MM, LINE_MM = 100.0, 0.8


def line_art(picture: Pixels, **fields: Any) -> tuple[Drawing, EncodedImage]:
    source, fetch = brought(picture)
    network = NETWORKS["craftspark-upscaler-x4"]
    renderers = build_network_renderers(network, surroundings_with(fetch), ["lineart"])
    body = json.dumps({"source": source.reference, "width_mm": WIDTH_MM, "line_mm": LINE_MM, **fields})
    order = an_order_of("lineart", 1, body, source)
    [drawing] = renderers.render([order], silent)
    assert isinstance(drawing, Drawing), drawing
    return drawing, renderers.finish(order, drawing)


def a_disc(fill: str, ground: str = "white", *, outline: str | None = None, width: int = 0) -> Pixels:
    picture = Image.new("RGB", (600, 600), ground)
    ImageDraw.Draw(picture).ellipse((100, 100, 500, 500), fill=fill, outline=outline, width=width)
    return np.asarray(picture)


def ink(image: EncodedImage) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return pixels_in(image.png)[..., 0] < 128


@pytest.mark.parametrize(
    "picture",
    [a_disc("#e33"), a_disc("#e33", outline="black", width=14), a_disc("white", outline="black", width=14)],
    ids=["an area", "an area with an outline", "an outline"],
)
def test_an_edge_and_a_drawn_line_are_one_stroke_of_the_stated_width(picture: Pixels) -> None:
    _, image = line_art(picture)

    lines = ink(image)
    holes = ndimage.label(~lines)[1]
    assert ndimage.label(lines, np.ones((3, 3)))[1] == 1
    assert holes == 2  # inside and outside
    thickness = 2 * ndimage.distance_transform_edt(lines)[thin(lines)] * 25.4 / 300
    assert abs(np.median(thickness) - LINE_MM) < 0.15
    assert np.quantile(thickness, 0.98) < 1.4 * LINE_MM


def test_an_open_line_in_an_area_stays_open() -> None:
    picture = Image.new("RGB", (600, 600), "#fe9")
    ImageDraw.Draw(picture).arc((150, 150, 450, 450), 20, 160, fill="#422", width=12)

    _, image = line_art(np.asarray(picture))

    lines = ink(image)
    assert ndimage.label(lines, np.ones((3, 3)))[1] == 1
    assert ndimage.label(~lines)[1] == 1


def test_a_page_is_as_large_as_stated_and_its_files_agree() -> None:
    _, image = line_art(a_disc("#e33"))

    with Image.open(io.BytesIO(image.png)) as opened:
        assert abs(opened.info["dpi"][0] - 300) < 0.1
    assert abs(image.width * 25.4 / 300 - WIDTH_MM) < 0.1
    assert image.height == image.width
    assert set(image.files) == {"lines.svg", "lines.pdf"}
    assert b'width="100.0000mm"' in image.files["lines.svg"]
    assert b"<path" in image.files["lines.svg"]


def test_noise_and_shades_leave_no_lines() -> None:
    y, x = np.mgrid[:500, :500] / 500
    shade = np.stack([200 - 60 * x, 170 + 40 * y, 150 + 50 * x * y], -1)
    picture = shade + np.random.default_rng(1).normal(0, 8, shade.shape)
    picture[150:350, 150:350] = np.array((40, 60, 120)) + np.random.default_rng(2).normal(0, 8, (200, 200, 3))

    _, image = line_art(picture.clip(0, 255).astype(np.uint8))

    lines = ink(image)
    assert ndimage.label(lines, np.ones((3, 3)))[1] == 1
    rows, columns = np.nonzero(lines)
    assert abs(np.ptp(columns) / image.width - 0.4) < 0.02
    assert abs(np.ptp(rows) / image.height - 0.4) < 0.02


def test_a_white_object_on_a_transparent_ground_has_its_outline() -> None:
    motif = a_motif(600)
    motif[..., :3] = 255

    _, image = line_art(motif)

    assert ink(image).any()


def test_a_small_source_is_enlarged_by_the_network_first() -> None:
    small = np.asarray(Image.fromarray(a_disc("#e33")).resize((64, 64), Image.Resampling.BOX))

    drawing, image = line_art(small)

    assert drawing.pixels.shape == (1024, 1024, 3)
    assert set(drawing.networks) == {"craftspark-upscaler-x4"}
    assert ndimage.label(ink(image), np.ones((3, 3)))[1] == 1


@pytest.mark.parametrize("colour", ["white", "#88aacc"])
def test_a_plain_picture_has_no_lines(colour: str) -> None:
    with pytest.raises(ImageFlawed, match="the source has no lines"):
        line_art(np.asarray(Image.new("RGB", (600, 400), colour)))


@pytest.mark.parametrize(
    ("blur", "reason"),
    [(0, "so noisy"), (1, "noise or a fine texture"), (2, "noise or a fine texture")],
)
def test_a_picture_of_noise_is_refused_and_says_so(blur: float, reason: str) -> None:
    """Coarse noise made a page of scribbles, and fine noise was said to be almost one colour."""
    noise = ndimage.gaussian_filter(np.random.default_rng(1).normal(0, 1, (256, 256, 3)), (blur, blur, 0))
    picture = (128 + 64 * noise / noise.std()).clip(0, 255).astype(np.uint8)

    with pytest.raises(ImageFlawed, match=reason):
        draw_lines(picture, width_mm=100, line_mm=0.8, detail="medium")


def test_more_detail_has_more_lines() -> None:
    picture = np.array(a_disc("#eee"))
    picture[280:320, 280:320] = (225, 225, 225)
    picture[200:216, 200:216] = (60, 60, 60)

    nodes = [
        draw_lines(picture, width_mm=WIDTH_MM, line_mm=LINE_MM, detail=detail).nodes for detail in ("medium", "high")
    ]

    assert nodes[0] < nodes[1]


def test_thinning_keeps_connections_and_leaves_one_pixel() -> None:
    area = np.zeros((60, 60), bool)
    area[10:50, 10:18] = area[10:18, 10:50] = area[30:36, 10:50] = True

    lines = thin(area)

    assert ndimage.label(lines, np.ones((3, 3)))[1] == 1
    blocks = lines[:-1, :-1] & lines[1:, :-1] & lines[:-1, 1:] & lines[1:, 1:]
    assert not blocks.any()


def test_spurs_and_short_pieces_are_left_out_and_near_lines_become_one() -> None:
    area = np.zeros((80, 200), bool)
    area[40, 10:190] = area[44, 10:190] = True  # doubled
    area[30:40, 100] = True  # a spur
    area[70, 20:24] = True  # a speck

    strokes = trace_strokes(area, gap=8, spur=12, shortest=20, smooth=2)

    assert len(strokes) == 1
    assert np.ptp(strokes[0][:, 0]) > 160
    assert np.ptp(strokes[0][:, 1]) < 3


def test_smoothing_keeps_the_ends_of_a_stroke() -> None:
    stroke = np.stack([np.arange(30.0), np.tile([0.0, 1.0], 15)], axis=1)

    smooth = smooth_stroke(stroke, 2)

    assert np.allclose(smooth[[0, -1]], stroke[[0, -1]])
    assert np.ptp(smooth[8:-8, 1]) < 0.3
