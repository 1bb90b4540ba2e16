"""Each tool with real Diffusers and the built-in model."""

import io
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from craftspark.errors import ImageFlawed, SourceMissing
from craftspark.tools import TOOLS, find_tool
from craftspark.tools.sources import Source
from craftspark.tools.toss import Repeat
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Png, encode_file
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.order_inputs import draw_prompts
from gpu_tasks.renderers import RENDERERS
from gpu_tasks.tools.pattern.repeats import lay_out, measure_seam
from tests.gpu.rendering import an_order_of, pixels_in, render, silent, studio, studio_with

# Of a single tile: an outline that happens to lie just there is one in a few. The torn picture below has 5.
NO_SEAM = 1.3
PICTURE = "upload/" + "a" * 26


def the_order(tool: str, seed: int = 3, *sources: Source, **fields: Any) -> ImageOrder:
    body = find_tool(tool).request.add_sources(fields, [source.reference for source in sources])
    return an_order_of(tool, seed, json.dumps(body), *sources)


def a_drawing(seed: int = 3) -> Pixels:
    """A drawing in the model's own size (128, 128, 3)."""
    diffusion = studio()._renderers["picture"]._diffusion  # type: ignore[attr-defined]
    [drawn] = draw_prompts(diffusion, [the_order("picture", seed, prompt="sunflower")], silent)
    return drawn.pixels


def brought(picture: Pixels) -> tuple[Source, Callable[[Source], bytes]]:
    """A picture as a source, and the function that fetches it."""
    height, width, channels = picture.shape
    source = Source(reference=PICTURE, bucket="uploads", key="picture", width=width, height=height, alpha=channels == 4)
    content = encode_file(Png(pixels=picture))
    return source, lambda _: content


def test_every_tool_has_a_renderer_of_its_name() -> None:
    assert set(RENDERERS) == set(TOOLS)


# Pattern.


@pytest.mark.parametrize("repeat", ["straight", "half-drop", "brick", "x", "y"])
def test_a_painted_tile_has_no_seam_in_any_repeat(repeat: Repeat) -> None:
    [drawn] = render(the_order("pattern", 8, prompt="sunflower", way="painted", repeat=repeat))

    assert drawn.pixels.shape == (512, 512, 3)
    assert drawn.scores["seam_over_inner"] < NO_SEAM
    done = studio().finish(the_order("pattern", 8, prompt="sunflower", way="painted", repeat=repeat), drawn)
    straight: Repeat = repeat if repeat in ("x", "y") else "straight"
    assert measure_seam(pixels_in(done.png), straight) < NO_SEAM


def test_a_torn_picture_has_a_seam() -> None:
    large = np.asarray(Image.fromarray(a_drawing()).resize((512, 512)))

    assert measure_seam(np.ascontiguousarray(large[100:300, 100:300]), "straight") > 2 * NO_SEAM


def test_a_pattern_becomes_of_a_picture_and_keeps_its_colours() -> None:
    picture = a_drawing()
    source, fetch = brought(picture)
    order = the_order("pattern", 5, source, way="painted", strength=0.5)

    [drawn] = render(order, by=studio_with(fetch))

    assert drawn.scores["seam_over_inner"] < NO_SEAM
    assert np.abs(drawn.pixels.mean((0, 1)) - picture.mean((0, 1))).max() < 50  # 40 to 43 with other seeds


def test_a_tossed_tile_is_the_same_pattern_at_any_resolution_and_can_be_printed() -> None:
    order = the_order(
        "pattern",
        4,
        prompt="red apple",
        also=["leaf"],
        background="#ffeecc",
        sheet={"width": 5, "height": 4, "repeat": 4},
    )
    [drawn] = render(order)

    done = studio().finish(order, drawn)

    tile = pixels_in(done.png)
    assert tile.shape == (1024, 1024, 3)
    assert drawn.scores["seam_over_inner"] < NO_SEAM
    assert (tile == (255, 238, 204)).all(2).mean() > 0.1
    sheet = Image.open(io.BytesIO(done.files["sheet.png"]))
    assert (sheet.width, sheet.height) == (round(5 / 2.54 * 300), round(4 / 2.54 * 300))
    assert round(sheet.info["dpi"][0]) == 300
    assert Image.open(io.BytesIO(done.files["preview.webp"])).size == (768, 768)
    preview = np.asarray(Image.fromarray(lay_out(tile, "straight", (1024, 1024))).resize((472, 472)), int)
    printed = np.asarray(sheet)[:472, :472].astype(int)
    assert np.abs(preview - printed).mean() < 6


def test_a_tossed_tile_may_be_transparent() -> None:
    [drawn] = render(the_order("pattern", 4, prompt="red apple", background="transparent"))

    assert drawn.pixels.shape[2] == 4
    assert 0.05 < (drawn.pixels[..., 3] == 0).mean() < 0.95


# Clipart.


def test_clipart_is_clear_around_a_thing_that_a_machine_can_cut() -> None:
    order = the_order("clipart", 11, prompt="red apple", outline_mm=2, margin=0.05, width_mm=80)
    [drawn] = render(order)

    done = studio().finish(order, drawn)

    motif = pixels_in(done.png)
    assert motif.shape[2] == 4
    rows, columns = (np.flatnonzero((motif[..., 3] >= 128).any(axis)) for axis in (1, 0))
    per_mm = 300 / 25.4
    assert abs((np.ptp(columns) + 1) / per_mm - 80) < 0.2
    around = [rows[0], columns[0], motif.shape[0] - 1 - rows[-1], motif.shape[1] - 1 - columns[-1]]
    margin_mm = 0.05 * max(np.ptp(rows), np.ptp(columns)) / per_mm
    assert all(abs(pixels / per_mm - 2 - margin_mm) < 0.3 for pixels in around)
    assert motif[motif.shape[0] // 2, motif.shape[1] // 2, 3] == 255
    assert done.scores["cut_iou"] >= 0.98
    root = ElementTree.fromstring(done.files["cut.svg"])
    assert abs(float((root.get("width") or "").removesuffix("mm")) - motif.shape[1] / per_mm) < 0.01
    paths = [path.get("d", "") for path in root.iter("{http://www.w3.org/2000/svg}path")]
    assert len(paths) >= 2
    assert all(ring.strip().endswith("Z") for path in paths for ring in path.split("M")[1:])
    assert done.scores["cut_nodes"] <= 2000


def test_an_outline_is_one_colour() -> None:
    order = the_order("clipart", 11, prompt="red apple", cut="outline", width_mm=25)
    done = studio().finish(order, render(order)[0])

    assert done.files["cut.svg"].count(b"<g ") == 1


# Upscale.


@pytest.mark.parametrize("factor", [2, 4])
def test_upscaling_keeps_transparency(factor: int) -> None:
    picture = np.zeros((48, 64, 4), np.uint8)
    picture[8:40, 16:48] = (10, 200, 30, 255)
    source, fetch = brought(picture)

    [drawn] = render(the_order("upscale", 1, source, factor=factor, count=1), by=studio_with(fetch))

    assert drawn.pixels.shape == (48 * factor, 64 * factor, 4)
    assert drawn.pixels[0, 0, 3] == 0
    assert drawn.pixels[24 * factor, 32 * factor, 3] == 255


# Faults.


def test_a_source_that_is_gone_fails_by_its_name() -> None:
    source, _ = brought(np.zeros((32, 32, 3), np.uint8))

    def gone(_: Source) -> bytes:
        raise SourceMissing("gone")

    [error] = studio_with(gone).render([the_order("upscale", 1, source)], silent)

    assert isinstance(error, SourceMissing)


def test_clipart_of_nothing_fails_for_that_image_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    by = studio()
    diffusion = by._renderers["clipart"]._diffusion  # type: ignore[attr-defined]
    white = np.full((128, 128, 3), 255, np.uint8)
    white[::2] = 249  # not flat, and yet nothing stands out
    drawing = a_drawing()
    seeds = {1: drawing, 2: white}
    monkeypatch.setattr(
        diffusion,
        "draw",
        lambda sketches, settings, on_step: [seeds.get(sketch.seed, white) for sketch in sketches],
    )

    good, bad = by.render([the_order("clipart", seed, prompt="a", width_mm=25) for seed in seeds], silent)

    assert isinstance(good, Drawing)
    assert isinstance(bad, ImageFlawed)


def test_a_spoiled_window_spoils_the_canvas(monkeypatch: pytest.MonkeyPatch) -> None:
    source, fetch = brought(a_drawing())
    by = studio_with(fetch)
    diffusion = by._renderers["outpaint"]._diffusion  # type: ignore[attr-defined]
    monkeypatch.setattr(diffusion, "draw", lambda sketches, settings, on_step: [None for _ in sketches])

    [drawn] = by.render([the_order("outpaint", 1, source, prompt="a", aspect="2:1")], silent)

    assert isinstance(drawn, ImageFlawed)
