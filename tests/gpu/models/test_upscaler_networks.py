"""Upscalers of architectures from elsewhere, with small random weights."""

import json
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from craftspark.errors import ModelUnavailable
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import upscaler
from gpu_tasks.inference.manifests import write_manifest
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.inference.upscaler_networks import (
    SpandrelNetwork,
    UpscalerConfig,
    UpscalerNetwork,
    _without_torchvision,
    open_trainable,
)
from gpu_tasks.tools.pattern.pattern import enlarge_tile

with _without_torchvision():
    from spandrel.architectures.DAT import DAT
    from spandrel.architectures.ESRGAN import ESRGAN
    from spandrel.architectures.SPAN import SPAN
    from spandrel.architectures.SwinIR import SwinIR

# By name: the architecture, the factor, and a small network.
NETWORKS: dict[str, tuple[str, int, Callable[[], nn.Module]]] = {
    "Real-ESRGAN x4": ("RRDBNet", 4, lambda: ESRGAN(num_filters=4, num_blocks=1, scale=4)),
    "Real-ESRGAN x2": ("RRDBNet", 2, lambda: ESRGAN(in_nc=12, num_filters=4, num_blocks=2, scale=4, shuffle_factor=2)),
    "deep Real-ESRGAN": ("RRDBNet", 4, lambda: ESRGAN(num_filters=4, num_blocks=3, scale=4)),
    "SPAN x2": ("SPAN", 2, lambda: SPAN(num_in_ch=3, num_out_ch=3, feature_channels=4, upscale=2)),
    "SPAN x4": ("SPAN", 4, lambda: SPAN(num_in_ch=3, num_out_ch=3, feature_channels=4, upscale=4)),
    "SwinIR x4": (
        "SwinIR",
        4,
        lambda: SwinIR(
            img_size=16,
            embed_dim=8,
            depths=[2],
            num_heads=[2],
            window_size=8,
            upscale=4,
            upsampler="pixelshuffledirect",
        ),
    ),
    "DAT x2": (
        "DAT",
        2,
        lambda: DAT(
            img_size=16, embed_dim=16, split_size=[2, 4], depth=[2], num_heads=[2], upscale=2, upsampler="pixelshuffle"
        ),
    ),
}
EXACT = ("Real-ESRGAN x4", "SPAN x2", "SPAN x4")


def a_folder(folder: Path, architecture: str, factor: int, weights: dict[str, torch.Tensor]) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architecture": architecture, "factor": factor}))
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, folder / "model.safetensors")
    write_manifest(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("upscalers")
    with warnings.catch_warnings(action="ignore"):  # SwinIR and DAT call an old form of `torch.meshgrid`
        made = {name: make().state_dict() for name, (_, _, make) in NETWORKS.items()}
    return {name: a_folder(place / name, *NETWORKS[name][:2], weights) for name, weights in made.items()}


def noise(height: int, width: int, channels: int = 3) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("factor", [2, 4])
def test_every_architecture_upscales_by_both_factors(folders: dict[str, Path], name: str, factor: int) -> None:
    told: list[float] = []

    large = Upscaler.open(folders[name]).upscale(noise(9, 14), factor, told.append)

    assert large.shape == (9 * factor, 14 * factor, 3)
    assert large.std() > 0
    assert told[-1] == 1
    assert told == sorted(told)


@pytest.mark.parametrize("name", NETWORKS)
def test_tiles_leave_no_seam(folders: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact tiles are equal to the whole picture. Blended tiles have no larger steps at their edges than near them."""
    opened = Upscaler.open(folders[name])
    factor = opened.network.factor
    picture = noise(80, 72)
    whole = opened.upscale(picture, factor).astype(int)
    monkeypatch.setattr(upscaler, "TILE", 64)

    difference = opened.upscale(picture, factor).astype(int) - whole

    assert (opened.network.blend == 0) == (name in EXACT)
    if opened.network.blend == 0:
        assert abs(difference).max() <= 1
    edge = 64 * factor
    assert abs(difference[edge] - difference[edge - 1]).max() <= 2
    assert abs(difference[:, edge] - difference[:, edge - 1]).max() <= 2


@pytest.mark.parametrize("name", EXACT)
def test_the_reach_of_an_exact_network_is_its_receptive_field(folders: dict[str, Path], name: str) -> None:
    network = Upscaler.open(folders[name]).network.double()
    picture = torch.rand(1, 3, 56, 56, dtype=torch.float64, requires_grad=True)
    middle = 28 * network.factor

    network.model(picture)[0, :, middle, middle].sum().backward()  # type: ignore[operator]

    assert picture.grad is not None
    rows = picture.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    seen = int(abs(rows - 28).max())
    assert network.reach - 4 <= seen <= network.reach


def test_the_test_of_seams_finds_them(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    exact = Upscaler.open(folders["SPAN x2"])
    whole = exact.upscale(noise(80, 72), 2).astype(int)
    monkeypatch.setattr(upscaler, "TILE", 64)
    monkeypatch.setattr(exact.network, "reach", 2)

    assert abs(exact.upscale(noise(80, 72), 2).astype(int) - whole).max() > 1


class BrighterWithTheTile(SpandrelNetwork):
    """Each tile has one colour, the mean of the network's input."""

    def __init__(self) -> None:
        super().__init__(nn.Identity(), factor=2, receptive_field=None, least=1, multiple=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        flat = pictures.mean((2, 3), keepdim=True)
        return flat.expand(-1, -1, 2 * pictures.shape[2], 2 * pictures.shape[3])


def test_tiles_of_networks_that_see_all_of_a_tile_fade_into_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    y, x = np.mgrid[:200, :150]
    picture = np.dstack([y, x, y + x // 2]).astype(np.uint8)
    monkeypatch.setattr(upscaler, "TILE", 64)
    network = BrighterWithTheTile()

    def largest_step() -> int:
        large = Upscaler(network).upscale(picture, 2).astype(int)
        return max(int(abs(np.diff(large, axis=axis)).max()) for axis in (0, 1))

    assert largest_step() <= 2
    network.blend = 0
    assert largest_step() > 30


def test_a_network_of_two_runs_twice_for_four() -> None:
    network = UpscalerNetwork(UpscalerConfig(features=4, convolutions=1, factor=2))
    for weights in network.body[-1].parameters():
        torch.nn.init.zeros_(weights)
    picture = noise(6, 5)

    assert (Upscaler(network).upscale(picture, 4) == picture.repeat(4, 0).repeat(4, 1)).all()
    assert (Upscaler(network).upscale(picture, 2) == picture.repeat(2, 0).repeat(2, 1)).all()


@pytest.mark.parametrize(("most", "side"), [(24**2 * 16, 32), (24**2 * 4, 16), (24**2, 8)])
def test_a_tile_is_enlarged_as_far_as_its_limit_allows(monkeypatch: pytest.MonkeyPatch, most: int, side: int) -> None:
    """The surrounding pixels count too: eight pixels on each of the four sides."""
    monkeypatch.setattr("gpu_tasks.tools.pattern.pattern.MAX_TILE_PIXELS", most)
    network = UpscalerNetwork(UpscalerConfig(features=4, convolutions=6))

    tile = enlarge_tile(Drawing(pixels=noise(8, 8), seed=1), "straight", Upscaler(network, identity={"a": "1"}))

    assert tile.pixels.shape == (side, side, 3)
    assert tile.networks == ({} if side == 8 else {"a": "1"})


# Rejected models.


def test_weights_of_another_architecture_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    weights = load_file(folders["SPAN x4"] / "model.safetensors")

    for architecture in ("RRDBNet", "SwinIR"):
        with pytest.raises(ModelUnavailable, match=f"the weights are not those of {architecture}$"):
            Upscaler.open(a_folder(tmp_path / architecture, architecture, 4, weights))
    with pytest.raises(ModelUnavailable, match="not an upscaler"):
        Upscaler.open(a_folder(tmp_path / "compact", "SRVGGNetCompact", 4, weights))


@pytest.mark.parametrize("scale", [1, 2])
def test_a_factor_that_is_not_that_of_the_weights_is_refused(tmp_path: Path, scale: int) -> None:
    weights = ESRGAN(num_filters=4, num_blocks=2, scale=scale).state_dict()

    with pytest.raises(ModelUnavailable, match=f"enlarge {scale} times"):
        Upscaler.open(a_folder(tmp_path / "model", "RRDBNet", 4, weights))


def test_weights_that_miss_a_part_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    weights = load_file(folders["Real-ESRGAN x4"] / "model.safetensors")
    del weights["model.1.sub.0.RDB2.conv3.0.weight"]

    with pytest.raises(ModelUnavailable, match=r"(?s)not those of RRDBNet: .*RDB2"):
        Upscaler.open(a_folder(tmp_path / "model", "RRDBNet", 4, weights))


def test_a_network_of_grey_pictures_is_refused(tmp_path: Path) -> None:
    weights = SPAN(num_in_ch=1, num_out_ch=1, feature_channels=4, upscale=4).state_dict()

    with pytest.raises(ModelUnavailable, match="takes 1 channels"):
        Upscaler.open(a_folder(tmp_path / "model", "SPAN", 4, weights))


class Opened(Exception):
    """A pickle was opened."""


class Payload:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, ("raise __import__('tests.gpu.models.test_upscaler_networks', fromlist='x').Opened",)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"architecture": "RRDBNet", "factor": 4}')
    (folder / "RealESRGAN_x4plus.pth").write_bytes(pickle.dumps(Payload()))
    write_manifest(folder)
    with pytest.raises(ModelUnavailable, match=r"RealESRGAN_x4plus\.pth is a pickle"):
        Upscaler.open(folder)

    (folder / "RealESRGAN_x4plus.pth").rename(folder / "model.safetensors")
    write_manifest(folder)
    with pytest.raises(ModelUnavailable, match="not an upscaler"):
        Upscaler.open(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_whose_first_picture_has_invalid_numbers_is_refused(
    folders: dict[str, Path], tmp_path: Path, value: float
) -> None:
    weights = load_file(folders["Real-ESRGAN x4"] / "model.safetensors")
    weights["model.0.bias"][0] = value

    with pytest.raises(ModelUnavailable, match="invalid numbers"):
        Upscaler.open(a_folder(tmp_path / "model", "RRDBNet", 4, weights))


def test_a_network_that_returns_another_size_is_refused(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SpandrelNetwork, "forward", lambda _, pictures: pictures)

    with pytest.raises(ModelUnavailable, match=r"picture of \(1, 3, 24, 24\)"):
        Upscaler.open(folders["SPAN x2"])


def test_only_the_network_of_this_project_can_be_trained(folders: dict[str, Path], tmp_path: Path) -> None:
    assert open_trainable(BUILT_IN / "craftspark-upscaler-x4").factor == 4
    with pytest.raises(ModelUnavailable, match="cannot be trained"):
        open_trainable(folders["SPAN x4"])


def test_torchvision_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    real = type(sys)("torchvision")
    monkeypatch.setitem(sys.modules, "torchvision", real)

    with _without_torchvision():
        assert sys.modules["torchvision"] is not real

    assert sys.modules["torchvision"] is real
    assert "torchvision.transforms" not in sys.modules
