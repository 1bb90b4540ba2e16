"""Patterns of a maker's own picture: as a motif, mirrored, and in the colours of a palette."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from craftspark.errors import ImageFlawed
from gpu_tasks.images.drawing import make_drawing
from gpu_tasks.images.oklab import read_colours
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import Fetch
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.renderers.tool_renderers import ToolRenderers
from gpu_tasks.tools.pattern.palettes import recolour
from gpu_tasks.tools.pattern.pattern import recolour_tile
from gpu_tasks.tools.pattern.repeats import mirror
from tests.gpu.rendering import pixels_in, render, silent, studio, studio_with
from tests.gpu.tools.test_tools import brought, the_order


@pytest.fixture
def idle_studio(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fetch], ToolRenderers]:
    """Makes renderers whose model must not draw. They draw once when they are made."""

    def draw(*_: object) -> None:
        raise AssertionError("the model draws")

    def make(fetch: Fetch) -> ToolRenderers:
        renderers = studio_with(fetch)
        monkeypatch.setattr(Diffusion, "draw", draw)
        return renderers

    return make


def own_picture(width: int, height: int, ground: str | None = "#ffffff") -> Pixels:
    """A blue disc with a red heart of a square, on a ground or none."""
    image = Image.new("RGBA" if ground is None else "RGB", (width, height), ground or (0, 0, 0, 0))
    draw, side = ImageDraw.Draw(image), min(width, height)
    draw.ellipse((side * 0.15, side * 0.15, side * 0.85, side * 0.85), fill="#2266cc")
    draw.rectangle((side * 0.4, side * 0.4, side * 0.6, side * 0.6), fill="#cc2222")
    return np.asarray(image)


@pytest.mark.parametrize(
    ("size", "ground"), [((64, 64), "#ffffff"), ((64, 48), None), ((64, 64), "#e8f0d8"), ((400, 250), "#e8f0d8")]
)
def test_a_source_is_tossed_as_it_is_and_without_its_ground(
    size: tuple[int, int], ground: str | None, idle_studio: Callable[[Fetch], ToolRenderers]
) -> None:
    source, fetch = brought(own_picture(*size, ground))
    order = the_order("pattern", 5, source, background="#ffee00")

    [drawn] = render(order, by=idle_studio(fetch))

    assert len(drawn.parts.motifs) == 1
    assert len(drawn.parts.placements) > 5
    seen = drawn.pixels.reshape(-1, 3).astype(int)
    for colour in read_colours(["#ffee00", "#2266cc", "#cc2222"]):
        assert (np.abs(seen - colour).max(1) < 12).mean() > 0.005
    pale = (seen > 215).all(1)  # the ground of the picture
    assert pale.mean() < 0.001


def test_a_source_is_tossed_with_drawn_motifs_each_counted() -> None:
    source, fetch = brought(own_picture(200, 200))
    order = the_order("pattern", 5, source, prompt="sunflower", also=["red apple"])

    [drawn] = render(order, by=studio_with(fetch))

    assert {placement.motif for placement in drawn.parts.placements} == {0, 1, 2}
    middle = drawn.parts.motifs[0].shape[0] // 2
    assert np.abs(drawn.parts.motifs[0][middle, middle, :3].astype(int) - (0xCC, 0x22, 0x22)).max() < 12


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.full((100, 100, 3), 200, np.uint8), "nothing stands out"),
        (np.zeros((100, 100, 4), np.uint8), "nothing stands out"),
    ],
    ids=["one colour", "transparent"],
)
def test_a_source_without_an_object_is_refused_with_its_reason(picture: Pixels, reason: str) -> None:
    source, fetch = brought(picture)

    [failed] = studio_with(fetch).render([the_order("pattern", 5, source)], silent)

    assert isinstance(failed, ImageFlawed)
    assert f"in the source, {reason}" in failed.detail


@pytest.mark.parametrize("alpha", [False, True])
def test_a_source_is_mirrored_unchanged_and_its_sheet_has_its_shape(
    alpha: bool, idle_studio: Callable[[Fetch], ToolRenderers]
) -> None:
    picture = np.random.default_rng(4).integers(0, 255, (40, 60, 4 if alpha else 3), np.uint8)
    source, fetch = brought(picture)
    order = the_order("pattern", 5, source, way="painted", repeat="mirror", sheet={"repeat": 6})
    by = idle_studio(fetch)

    [drawn] = render(order, by=by)
    done = by.finish(order, drawn)

    tile = pixels_in(done.png)
    np.testing.assert_array_equal(tile[:40, :60], picture)
    np.testing.assert_array_equal(tile[:, ::-1], tile)
    np.testing.assert_array_equal(tile[::-1], tile)
    sheet = pixels_in(done.files["sheet.png"])
    assert sheet.shape[:2] == (1181, 1181)
    assert order.request["sheet"]["height"] == 10
    high, wide = round(4 / 2.54 * 300), round(6 / 2.54 * 300)
    np.testing.assert_array_equal(sheet[:high, wide:], sheet[:high, : 1181 - wide])
    np.testing.assert_array_equal(sheet[high : 2 * high], sheet[:high])


@pytest.mark.parametrize("fields", [{"prompt": "sunflower"}, {"prompt": "sunflower", "strength": 0.5}])
def test_a_drawing_is_mirrored(fields: dict[str, object]) -> None:
    source, fetch = brought(own_picture(200, 150))
    sources = [source] if "strength" in fields else []
    order = the_order("pattern", 5, *sources, way="painted", repeat="mirror", **fields)
    by = studio_with(fetch) if sources else studio()

    [drawn] = render(order, by=by)

    assert drawn.pixels.shape == (1024, 1024, 3)
    np.testing.assert_array_equal(drawn.pixels, mirror(drawn.pixels[:512, :512]))
    assert drawn.flaw is None
    assert drawn.scores["seam_over_inner"] <= 1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 10), (40, 60)])
def test_a_mirrored_picture_meets_itself(height: int, width: int) -> None:
    picture = np.random.default_rng(height).integers(0, 255, (height, width, 3), np.uint8)

    tile = mirror(picture)

    for axis, side in ((0, height), (1, width)):
        assert tile.shape[axis] == 2 * side
        for line in (0, side):
            np.testing.assert_array_equal(tile.take(line, axis), tile.take(line - 1, axis))


def test_a_painted_tile_gets_the_colours_of_a_palette() -> None:
    palette = ["#1d3557", "#e63946", "#f1faee"]
    order = the_order("pattern", 8, prompt="sunflower", way="painted", repeat="half-drop", palette=palette)

    [drawn] = render(order)

    exact = (drawn.pixels[:, :, None] == read_colours(palette)).all(3).any(2)
    assert exact.mean() > 0.8


def test_a_palette_does_not_show_where_a_tile_begins() -> None:
    """Moved around its edges, a tile gets the same colours: outlines are smoothed across the edges too."""
    y, x = np.mgrid[:128, :128] * (2 * np.pi / 128)
    wave = np.sin(x) + np.cos(2 * y - x) + np.sin(3 * x + y)
    areas = np.array([(200, 160, 40), (40, 110, 160), (30, 60, 30)])[np.digitize(wave, (-0.7, 0.7))]
    tile = ndimage.gaussian_filter(areas.astype(float), (1.5, 1.5, 0), mode="wrap").astype(np.uint8)
    moved = np.roll(tile, (50, 37), (0, 1))

    def paint(pixels: Pixels) -> Pixels:
        return recolour_tile(make_drawing(pixels, 1), "straight", ["#1d3557", "#e63946", "#f1faee"]).pixels

    def share_of_differences(one: Pixels, other: Pixels) -> float:
        return float((np.roll(one, (50, 37), (0, 1)) != other).any(2).mean())

    assert share_of_differences(paint(tile), paint(moved)) < 0.002
    alone, alone_moved = (recolour([each], ["#1d3557", "#e63946", "#f1faee"])[0] for each in (tile, moved))
    assert share_of_differences(alone, alone_moved) > 0.004


def test_a_tossed_palette_leaves_the_background_and_the_sheet_of_fabric_has_150_dpi() -> None:
    order = the_order(
        "pattern",
        4,
        prompt="red apple",
        background="#ffee00",
        palette=["#123456"],
        sheet={"width": 50, "height": 2, "repeat": 2},
    )
    [drawn] = render(order)

    done = studio().finish(order, drawn)

    tile = pixels_in(done.png)
    colours = read_colours(["#ffee00", "#123456"]).astype(int)
    assert (np.abs(tile[:, :, None] - colours).max(3).min(2) == 0).mean() > 0.9
    sheet = Image.open(io.BytesIO(done.files["sheet.png"]))
    assert (sheet.width, sheet.height) == (2953, 118)
    assert round(sheet.info["dpi"][0]) == 150


def test_a_source_lends_its_colours_to_drawn_motifs() -> None:
    source, fetch = brought(own_picture(200, 200, None))
    order = the_order("pattern", 5, source, prompt="sunflower", source_use="palette", background="#ffee00")

    [drawn] = render(order, by=studio_with(fetch))

    assert len(drawn.parts.motifs) == 1
    colours = read_colours(["#ffee00", "#2266cc", "#cc2222"])
    assert (drawn.pixels[:, :, None] == colours).all(3).any(2).mean() > 0.9


def test_a_painted_pattern_in_the_colours_of_a_plain_source_is_refused() -> None:
    source, fetch = brought(np.full((100, 100, 3), 200, np.uint8))
    order = the_order("pattern", 5, source, prompt="sunflower", way="painted", source_use="palette")

    [failed] = studio_with(fetch).render([order], silent)

    assert isinstance(failed, ImageFlawed)
    assert "the source of the palette has one colour" in failed.detail
