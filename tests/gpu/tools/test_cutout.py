"""Cutout: the object of a maker's picture, at its own size and with cut files."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from craftspark.errors import ImageFlawed
from craftspark.models.networks import NETWORKS
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.renderers.tool_renderers import ToolRenderers, build_network_renderers
from gpu_tasks.tools.cutting.transfer import transfer_cut
from tests.gpu.motifs import a_gradient, a_motif, compose, overlap, plain
from tests.gpu.rendering import an_order_of, pixels_in, silent, surroundings_with
from tests.gpu.tools.test_tools import brought

BORDER_MM = 3.0


def opened(picture: Pixels, **fields: Any) -> tuple[ToolRenderers, ImageOrder]:
    """The renderers of a pool without a diffusion model, and the order for a picture."""
    source, fetch = brought(picture)
    network = NETWORKS["craftspark-upscaler-x4"]
    renderers = build_network_renderers(network, surroundings_with(fetch), ["cutout"])
    return renderers, an_order_of("cutout", 1, json.dumps({"source": source.reference, **fields}), source)


def cut(picture: Pixels, **fields: Any) -> tuple[Drawing, EncodedImage]:
    renderers, order = opened(picture, **fields)
    [drawing] = renderers.render([order], silent)
    assert isinstance(drawing, Drawing), drawing
    return drawing, renderers.finish(order, drawing)


def refused(picture: Pixels, **fields: Any) -> str:
    renderers, order = opened(picture, **fields)
    [error] = renderers.render([order], silent)
    assert isinstance(error, ImageFlawed)
    return error.detail


@pytest.mark.parametrize("side", [64, 500])
def test_a_cut_out_has_the_size_of_its_source_and_its_pixels(side: int) -> None:
    motif = a_motif(side)
    picture = compose(motif, plain(side))

    _, image = cut(picture)

    result = pixels_in(image.png)
    assert result.shape == (side, side, 4)
    assert not image.files
    assert overlap(result, motif) > 0.97
    solid = result[..., 3] == 255
    assert (result[solid][:, :3] == picture[solid]).all()
    assert (result[result[..., 3] == 0] == 0).all()


def a_ring(side: int) -> Pixels:
    """A red ring on a pale ground, with a highlight of the ground's colour."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    away = np.hypot(x, y)
    red = (away > 0.2) & (away < 0.42) & (np.hypot(x - 0.31, y) > 0.01)
    return np.where(red[..., None], (190, 40, 40), (250, 245, 235)).astype(np.uint8)


@pytest.mark.parametrize("fields", [{}, {"width_mm": 20}], ids=["own size", "print"])
def test_holes_are_kept_or_cut_out_and_small_ones_always_kept(fields: dict[str, Any]) -> None:
    """The highlight is 6 of 300 pixels wide."""
    kept, cut_away = (pixels_in(cut(a_ring(300), holes=holes, **fields)[1].png)[..., 3] for holes in ("keep", "cut"))
    middle = kept.shape[0] // 2, kept.shape[1] // 2

    assert (kept[middle], cut_away[middle]) == (255, 0)
    row = cut_away[middle[0], middle[1] :]
    ends = np.flatnonzero(row == 255)
    assert (row[ends[0] : ends[-1] + 1] == 255).all()


def test_an_edge_has_the_colour_of_the_object_alone() -> None:
    motif = a_motif(300)

    _, image = cut(compose(motif, plain(300)))

    result = pixels_in(image.png)
    mixed = (result[..., 3] > 40) & (result[..., 3] < 215)
    colours = np.unique(motif[motif[..., 3] == 255][:, :3], axis=0).astype(int)
    away = np.abs(result[mixed][:, None, :3].astype(int) - colours[None]).max(2).min(1)
    assert mixed.any()
    assert np.median(away) < 24


def test_a_busy_ground_is_removed_by_the_network_which_the_recipe_names() -> None:
    motif = a_motif(256)

    drawing, image = cut(compose(motif, a_gradient(256)))

    assert overlap(pixels_in(image.png), motif) > 0.97
    assert set(drawing.networks) == {"craftspark-upscaler-x4", "u2netp"}


def test_transparency_of_the_source_is_kept_to_the_byte() -> None:
    motif = a_motif(200)
    motif[90:110, 90:110, 3] = 77

    drawing, image = cut(motif)

    assert (pixels_in(image.png) == motif).all()
    assert not drawing.networks


def test_with_a_width_a_cut_out_has_the_files_of_clipart_at_300_dpi() -> None:
    motif = a_motif(300)

    _, image = cut(compose(motif, plain(300)), width_mm=60, outline_mm=BORDER_MM, margin=0)

    assert set(image.files) == {"cut.svg", "cut.dxf", "cut.pdf", "cut.eps", "sticker.png"}
    assert abs(image.width / 300 * 25.4 - 60 - 2 * BORDER_MM) < 0.4
    assert pixels_in(image.files["sticker.png"]).shape == pixels_in(image.png).shape
    assert image.scores["cut_iou"] > 0.99


def test_a_small_logo_with_alpha_is_enlarged_before_it_is_traced() -> None:
    motif = np.asarray(Image.fromarray(a_motif(256)).resize((64, 64), Image.Resampling.BOX))

    drawing, image = cut(motif, width_mm=50)

    assert drawing.pixels.shape[1] > 4 * 64 * 0.5
    assert image.scores["cut_iou"] > 0.99


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (np.full((90, 90, 3), 200, np.uint8), "nothing stands out"),
        (np.zeros((90, 90, 4), np.uint8), "nothing stands out"),
    ],
    ids=["plain", "clear"],
)
def test_a_picture_without_an_object_is_refused_after_one_attempt(
    picture: Pixels, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderers, order = opened(picture)
    calls: list[int] = []
    draw_once = renderers.draw_once

    def count(orders: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        calls.append(len(orders))
        return draw_once(orders, on_step)

    monkeypatch.setattr(renderers, "draw_once", count)

    [error] = renderers.render([order], silent)

    assert isinstance(error, ImageFlawed)
    assert reason in error.detail
    assert calls == [1]


def test_an_object_that_is_a_small_part_of_its_source_has_too_few_pixels() -> None:
    picture = plain(400).astype(np.uint8)
    picture[180:220, 180:220] = (200, 30, 30)

    assert "the object in the source is 40 pixels wide" in refused(picture, width_mm=200, smallest_mm=1)


def test_an_object_that_is_too_thin_for_its_width_is_refused() -> None:
    picture = plain(400).astype(np.uint8)
    picture[20:380, 100] = picture[20:380, 300] = picture[200, 100:300] = 0

    assert "increase width_mm or reduce smallest_mm" in refused(picture, width_mm=40, smallest_mm=8)


@pytest.mark.parametrize("side", [50, 400])
def test_a_cut_is_transferred_from_a_copy_of_another_size(side: int) -> None:
    motif = a_motif(200)
    picture = np.asarray(Image.fromarray(compose(motif, plain(200))).resize((side, side), Image.Resampling.BICUBIC))

    result = transfer_cut(picture, motif)

    wanted = np.asarray(Image.fromarray(motif).resize((side, side), Image.Resampling.BICUBIC))
    assert overlap(result, wanted) > 0.97
    soft = (result[..., 3] > 0) & (result[..., 3] < 255)
    assert soft.mean() < 0.1
