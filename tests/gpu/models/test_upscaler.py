import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from craftspark.errors import InvalidInput, ModelUnavailable
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import upscaler
from gpu_tasks.inference.manifests import write_manifest
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.inference.upscaler_networks import UpscalerConfig, UpscalerNetwork
from gpu_tasks.training.evaluation.gain import measure_gain
from tests.gpu.rendering import DEVICE

SHIPPED = BUILT_IN / "craftspark-upscaler-x4"


@pytest.fixture(scope="module")
def shipped() -> Upscaler:
    return Upscaler.open(SHIPPED, device=DEVICE)


def a_drawing(side: int) -> Pixels:
    """A ring, a bar and a dot on white, drawn eight times as large and averaged down."""
    y, x = np.mgrid[: 8 * side, : 8 * side] / (8 * side)
    pixels = np.full((8 * side, 8 * side, 3), 255, np.uint8)
    pixels[abs(np.hypot(x - 0.45, y - 0.5) - 0.3) < 0.05] = (221, 46, 68)
    pixels[abs(x + y - 0.9) < 0.04] = (59, 136, 195)
    pixels[np.hypot(x - 0.8, y - 0.7) < 0.1] = (49, 55, 61)
    return np.asarray(Image.fromarray(pixels).reduce(8))


def on_nothing(side: int, hidden: tuple[int, int, int]) -> Pixels:
    """A red disc; where it is clear, another colour hides."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    pixels = np.empty((side, side, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = hidden, 0
    pixels[np.hypot(x, y) < side / 4] = (221, 46, 68, 255)
    return pixels


# Upscaled pictures.


@pytest.mark.parametrize("factor", [2, 4])
def test_the_shipped_upscaler_is_far_nearer_to_the_original_than_bicubic(shipped: Upscaler, factor: int) -> None:
    gain = measure_gain(shipped, [a_drawing(48 * factor)], factor)

    assert gain.mean > 3


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (221, 46, 68)])
def test_a_flat_picture_stays_flat_to_its_very_border(shipped: Upscaler, colour: tuple[int, int, int]) -> None:
    large = shipped.upscale(np.full((9, 14, 3), colour, np.uint8), 4)

    assert large.shape == (36, 56, 3)
    assert abs(large.astype(int) - colour).max() <= 2


def test_a_picture_of_one_pixel_is_upscaled(shipped: Upscaler) -> None:
    assert shipped.upscale(np.full((1, 1, 4), 200, np.uint8), 2).shape == (2, 2, 4)


def test_colour_that_hides_under_transparency_does_not_bleed(shipped: Upscaler) -> None:
    red, green = (shipped.upscale(on_nothing(32, hidden), 4) for hidden in ((221, 46, 68), (0, 255, 0)))

    seen = red[..., 3] > 0
    assert (red[..., 3] == green[..., 3]).all()
    assert abs(red.astype(int) - green)[seen].max() <= 2
    assert green[seen][:, 1].max() < 70


def test_alpha_is_upscaled_as_sharply_as_colour(shipped: Upscaler) -> None:
    alpha = shipped.upscale(on_nothing(32, (0, 0, 0)), 4)[..., 3]

    assert alpha[64, 64] == 255
    assert alpha[2, 2] == 0
    bicubic = np.asarray(
        Image.fromarray(on_nothing(32, (0, 0, 0))[..., 3]).resize((128, 128), Image.Resampling.BICUBIC)
    )
    half_clear = [((cover > 16) & (cover < 239)).sum() for cover in (alpha, bicubic)]
    assert half_clear[0] < half_clear[1]


def test_an_opaque_picture_is_the_same_with_alpha_and_without(shipped: Upscaler) -> None:
    picture = a_drawing(24)
    opaque = np.dstack([picture, np.full((24, 24), 255, np.uint8)])

    large = shipped.upscale(opaque, 2)

    assert (large[..., :3] == shipped.upscale(picture, 2)).all()
    assert large[..., 3].min() >= 253


def test_what_lies_beyond_the_reach_of_the_network_does_not_matter(shipped: Upscaler) -> None:
    picture = a_drawing(64)
    changed = picture.copy()
    changed[:, 40:] = 0
    near = 4 * (40 - shipped.network.reach)

    one, other = (shipped.upscale(pixels, 4).astype(int) for pixels in (picture, changed))

    assert abs(one - other)[:, :near].max() <= 1
    assert abs(one - other)[:, near:].max() > 100


# Rejected input.


@pytest.mark.parametrize("factor", [0, 1, 3, 8])
def test_other_factors_are_refused(shipped: Upscaler, factor: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        shipped.upscale(a_drawing(8), factor)
    assert refused.value.field == "factor"


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4, 3), np.uint8), np.ones((4, 4, 3))],
)
def test_what_is_no_picture_is_refused(shipped: Upscaler, pixels: Pixels) -> None:
    with pytest.raises(InvalidInput) as refused:
        shipped.upscale(pixels, 2)
    assert refused.value.field == "image"


def test_a_picture_that_would_not_fit_memory_is_refused(shipped: Upscaler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscaler, "MAX_ENLARGED_PIXELS", 16 * 16)
    shipped.upscale(a_drawing(8), 2)

    with pytest.raises(InvalidInput, match="8 x 8 pixels times 4"):
        shipped.upscale(a_drawing(8), 4)


@pytest.mark.parametrize("channels", [3, 4])
def test_tiles_leave_no_seam(shipped: Upscaler, monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    picture = a_drawing(70)
    if channels == 4:
        picture = np.dstack([picture, picture[..., :1]])
    whole = shipped.upscale(picture, 4).astype(int)
    told: list[float] = []

    monkeypatch.setattr(upscaler, "TILE", 32)
    tiled = shipped.upscale(picture, 4, told.append).astype(int)

    # Another shape rounds differently in the last bit. Without the surrounding pixels, the difference would be a seam.
    assert abs(tiled - whole).max() <= 1
    assert told == [number / 9 for number in range(1, 10)]
    monkeypatch.setattr(shipped.network, "reach", 1)
    assert abs(shipped.upscale(picture, 4).astype(int) - whole).max() > 10


def a_copy(folder: Path) -> Path:
    shutil.copytree(SHIPPED, folder)
    return folder


def test_a_folder_that_is_not_what_its_manifest_says_is_refused(tmp_path: Path) -> None:
    folder = a_copy(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"half")

    with pytest.raises(ModelUnavailable, match=r"model\.safetensors"):
        Upscaler.open(folder)


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        ({"architecture": "UNet", "factor": 4}, "architecture"),
        ({"architecture": "SRVGGNetCompact", "factor": 3}, "factor"),
        ({"architecture": "SRVGGNetCompact", "features": 64, "layers": 3}, "layers"),
        ({"architecture": "SRVGGNetCompact", "features": 32}, "not an upscaler"),
        ([], "not an upscaler"),
    ],
)
def test_a_configuration_of_another_network_is_refused_by_what_is_wrong(
    tmp_path: Path, config: object, wrong: str
) -> None:
    folder = a_copy(tmp_path / "model")
    (folder / "config.json").write_text(json.dumps(config))
    write_manifest(folder)

    with pytest.raises(ModelUnavailable, match=wrong):
        Upscaler.open(folder)


def test_weights_that_are_damaged_but_declared_are_refused(tmp_path: Path) -> None:
    folder = a_copy(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"half")
    write_manifest(folder)

    with pytest.raises(ModelUnavailable, match="not an upscaler"):
        Upscaler.open(folder)


def test_a_model_that_draws_is_no_upscaler() -> None:
    with pytest.raises(ModelUnavailable, match="not an upscaler"):
        Upscaler.open(BUILT_IN / "craftspark-clipart-128")


def test_an_untrained_network_that_adds_nothing_repeats_pixels() -> None:
    network = UpscalerNetwork(UpscalerConfig(features=4, convolutions=1))
    torch.nn.init.zeros_(network.body[-1].weight)  # type: ignore[arg-type]
    torch.nn.init.zeros_(network.body[-1].bias)  # type: ignore[arg-type]
    picture = a_drawing(8)

    assert (Upscaler(network).upscale(picture, 4) == picture.repeat(4, 0).repeat(4, 1)).all()
    assert (Upscaler(network).upscale(picture, 2) == picture.repeat(2, 0).repeat(2, 1)).all()
