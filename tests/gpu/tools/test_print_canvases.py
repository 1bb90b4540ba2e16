"""Pictures enlarged onto the canvas of a product, in bands."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from craftspark.models.enlarging import MAX_ENLARGED_PIXELS
from craftspark.tools.canvases import CANVASES, Canvas
from craftspark.tools.sources import Source
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import encode_file
from gpu_tasks.images.pixels import Pixels, resample
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference import upscaler, upscaler_bands
from gpu_tasks.inference.enlarging import enlarge_to
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.inference.upscaler_bands import PaddedPicture, spread
from gpu_tasks.inference.upscaler_networks import UpscalerConfig, UpscalerNetwork
from gpu_tasks.tools.upscale import UpscaleRenderer, make_page
from tests.gpu.models.test_upscaler_networks import BrighterWithTheTile
from tests.gpu.rendering import an_order_of

SMALL = Canvas(width=90, height=60, dpi=300)


def noise(height: int, width: int, channels: int = 3) -> Pixels:
    return np.random.default_rng(1).integers(0, 255, (height, width, channels), np.uint8)


def a_small_upscaler(factor: int = 4, identity: dict[str, str] | None = None) -> Upscaler:
    torch.manual_seed(0)
    network = UpscalerNetwork(UpscalerConfig(features=4, convolutions=1, factor=factor))  # type: ignore[arg-type]
    return Upscaler(network, identity=identity)


def render(picture: Pixels, canvas: str) -> tuple[Drawing, bytes]:
    """The result of the tool for a source, and its PNG."""
    height, width, channels = picture.shape
    source = Source(
        reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=width, height=height, alpha=channels == 4
    )
    png = io.BytesIO()
    Image.fromarray(picture).save(png, "PNG")
    body = f'{{"source": "{source.reference}", "canvas": "{canvas}"}}'
    order: ImageOrder = an_order_of("upscale", 1, body, source)
    renderer = UpscaleRenderer(a_small_upscaler(identity={"network": "hash"}), SourcePictures(lambda _: png.getvalue()))
    [drawing] = renderer.render([order], lambda _: None)
    return drawing, encode_file(renderer.finish(order, drawing).picture)


# The page.


def test_a_transparent_picture_is_centred_on_a_transparent_canvas() -> None:
    page, place = make_page(np.full((30, 30, 4), 255, np.uint8), SMALL)
    place[:] = 9

    assert page.shape == (60, 90, 4)
    assert (page[:, 15:75] == 9).all()
    assert not page[:, :15].any()
    assert not page[:, 75:].any()


def test_the_canvas_continues_a_plain_edge_and_is_white_beside_others() -> None:
    plain = np.full((30, 30, 3), (40, 90, 160), np.uint8)
    plain[10:20, 10:20] = 0
    striped = noise(30, 30)
    cut_off = plain.copy()
    cut_off[0] = noise(1, 30)  # above, and the canvas is wider than the picture

    assert (make_page(plain, SMALL)[0][0, 0] == (40, 90, 160)).all()
    assert (make_page(striped, SMALL)[0][0, 0] == 255).all()
    assert (make_page(cut_off, SMALL)[0][0, 0] == (40, 90, 160)).all()


def test_a_delivered_canvas_has_its_size_and_states_its_resolution() -> None:
    drawing, png = render(noise(300, 500), "mug-11oz")

    assert drawing.pixels.shape == (1050, 2700, 3)
    assert drawing.networks == {"network": "hash"}
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (2700, 1050)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert image.info["icc_profile"]


def test_a_source_that_is_larger_than_the_canvas_is_reduced_without_the_network() -> None:
    picture = np.full((2000, 3000, 3), 200, np.uint8)

    drawing, _ = render(picture, "mug-11oz")

    assert (drawing.pixels == 200).all()
    assert drawing.networks == {}


# The bands.


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("factors", "size"), [((2,), (174, 130)), ((4,), (300, 224)), ((4, 2), (500, 373))])
@pytest.mark.parametrize("network", ["exact", "of two", "blended"])
def test_a_picture_in_bands_is_that_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, channels: int, factors: tuple[int, ...], size: tuple[int, int], network: str
) -> None:
    monkeypatch.setattr(upscaler, "TILE", 20)
    by = Upscaler(BrighterWithTheTile()) if network == "blended" else a_small_upscaler(2 if network == "of two" else 4)
    picture = noise(53, 71, channels)
    whole = picture
    for factor in factors:
        whole = by.upscale(whole, factor)
    told: list[float] = []

    result = enlarge_to(picture, size, by, told.append)

    wanted = resample(whole, size, (0, 0, whole.shape[1], whole.shape[0]))
    visible = result[..., -1:] > 64 if channels == 4 else np.ones((*result.shape[:2], 1), bool)
    assert (abs(result.astype(int) - wanted) * visible).max() <= 4
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


@pytest.mark.parametrize("shape", [(41, 30), (40, 31), (7, 2), (1, 9), (9, 1)])
def test_colours_spread_in_bands_as_in_the_whole_picture(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]
) -> None:
    monkeypatch.setattr(upscaler_bands, "HALVED_ROWS", 8)
    pixels = noise(*shape, 4)
    pixels[3:, : shape[1] // 2, 3] = 0
    floats = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    wanted = spread(floats[:, :3], floats[:, 3:])
    picture = PaddedPicture(pixels, 3)

    for top in range(0, shape[0], 5):
        bottom = min(top + 5, shape[0])
        band = picture.band(top, bottom)
        assert band.shape == (1, 4, bottom - top + 6, shape[1] + 6)
        assert torch.allclose(band[:, :3, 3:-3, 3:-3], wanted[:, :, top:bottom], atol=1e-5)
        assert (band[..., :3] == band[..., 3:4]).all()


def test_the_largest_canvas_fits_the_upscaler() -> None:
    assert max(canvas.width * canvas.height for canvas in CANVASES.values()) <= MAX_ENLARGED_PIXELS
