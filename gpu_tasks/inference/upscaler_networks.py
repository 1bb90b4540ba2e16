"""Networks that upscale pictures, loaded from model folders.

A model folder has config.json with the architecture and the factor, model.safetensors, and a manifest of their hashes.
Weights are read from safetensors only: a pickle can run code when it is opened.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from math import ceil
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle

from craftspark.errors import ModelUnavailable
from gpu_tasks.inference.manifests import check

CONFIG, WEIGHTS = "config.json", "model.safetensors"
PICKLES = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
COMPACT = "SRVGGNetCompact"
TRAINED_FACTOR = 4
# A network with a wider receptive field gets this much of a tile's surroundings, in pixels, and its tiles are blended.
# Real-ESRGAN's own program gives 10 pixels and does not blend.
MAX_REACH = 32
BLEND = 16
ALIGNMENT = 4  # pixels: networks that rearrange blocks of pixels see every tile at the same place of a block


class EnlargingNetwork(nn.Module):
    """Upscales pictures (N, 3, height, width), 0 to 1, to (N, 3, factor x height, factor x width), float32.

    `reach` is the number of pixels around a tile that the network is given. If `blend` is 0, that is the whole
    receptive field in one direction, and tiles fit together exactly. Otherwise, neighbouring tiles are blended over
    `blend` pixels on each side of their common edge; `blend` is smaller than `reach`.
    """

    factor: int
    reach: int
    blend: int


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class UpscalerConfig:
    """The shape of an UpscalerNetwork. The defaults are those of realesr-animevideov3."""

    architecture: Literal["SRVGGNetCompact"] = "SRVGGNetCompact"
    factor: Literal[2, 4] = 4
    features: Annotated[int, Field(ge=1, le=256)] = 64
    convolutions: Annotated[int, Field(ge=0, le=64)] = 16


class UpscalerNetwork(EnlargingNetwork):
    """SRVGGNetCompact of Real-ESRGAN (Wang et al., arXiv:2107.10833), with the same names of weights.

    Convolutions at low resolution, whose last output is added to the nearest-neighbour picture.
    """

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.config = config
        self.factor = config.factor
        self.reach = config.convolutions + 2
        self.blend = 0
        width = config.features
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(config.convolutions):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, 3 * config.factor**2, 3, padding=1))

    def save_pretrained(self, folder: Path) -> None:
        """Write configuration and weights, as Diffusers' components do. The caller writes the folder's manifest."""
        (folder / CONFIG).write_text(json.dumps(asdict(self.config), indent=1) + "\n")
        save_file({name: tensor.contiguous() for name, tensor in self.state_dict().items()}, folder / WEIGHTS)

    def forward(self, pictures: Tensor) -> Tensor:
        """Upscale pictures (N, 3, height, width), 0 to 1."""
        added = pixel_shuffle(self.body(pictures), self.factor).float()
        return added + interpolate(pictures.float(), scale_factor=self.factor, mode="nearest")


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class SpandrelConfig:
    """A network of the library spandrel, which reads the other sizes from the weights."""

    architecture: Literal["RRDBNet", "SPAN", "DAT", "SwinIR"]
    factor: Literal[2, 4]


class SpandrelNetwork(EnlargingNetwork):
    """A network of the library spandrel: RRDBNet (ESRGAN, Real-ESRGAN), SPAN, DAT or SwinIR."""

    def __init__(self, model: nn.Module, *, factor: int, receptive_field: int | None, least: int, multiple: int):
        """`receptive_field` is in pixels of the input in one direction, or None if it is the whole picture.

        `least` and `multiple` are the sides of pictures that the network takes.
        """
        super().__init__()
        self.model = model
        self.factor = factor
        exact = receptive_field is not None and receptive_field <= MAX_REACH
        self.reach = receptive_field if exact and receptive_field else MAX_REACH
        self.blend = 0 if exact else BLEND
        self._least = least
        self._multiple = multiple

    def forward(self, pictures: Tensor) -> Tensor:
        """Upscale pictures (N, 3, height, width), 0 to 1. Edges are repeated up to a size that the network takes."""
        height, width = pictures.shape[-2:]
        missing = [self._round_up(side) - side for side in (width, height)]
        padded = nn.functional.pad(pictures, (0, missing[0], 0, missing[1]), mode="replicate")
        large: Tensor = self.model(padded)
        return large.float()[..., : height * self.factor, : width * self.factor]

    def _round_up(self, side: int) -> int:
        return ceil(max(side, self._least) / self._multiple) * self._multiple


def open_network(folder: Path) -> EnlargingNetwork:
    """Load the network of a model folder, in single precision. Raises ModelUnavailable if the folder has another model
    or is damaged.
    """
    facts, weights = _read(folder)
    try:
        config = read_config(facts)
        if isinstance(config, SpandrelConfig):
            return _load_with_spandrel(config, weights)
        network = UpscalerNetwork(config)
        network.load_state_dict(weights)
        return network
    except (TypeError, RuntimeError, ValueError) as error:
        raise ModelUnavailable(f"{folder} is not an upscaler: {error}") from None


def read_config(facts: dict[str, Any]) -> UpscalerConfig | SpandrelConfig:
    """Read the contents of config.json. Raises ValueError, which names the fields that are not valid."""
    try:
        return UpscalerConfig(**facts) if facts.get("architecture") == COMPACT else SpandrelConfig(**facts)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, part["loc"])) for part in error.errors())
        raise ValueError(f"{CONFIG} is not valid in {wrong}") from None


def open_trainable(folder: Path) -> UpscalerNetwork:
    """Load a network that this project trains. Raises ModelUnavailable, also for another architecture or factor."""
    check(folder)
    network = open_network(folder)
    if not isinstance(network, UpscalerNetwork) or network.factor != TRAINED_FACTOR:
        raise ModelUnavailable(f"{folder} cannot be trained, only {COMPACT} with the factor {TRAINED_FACTOR}")
    return network


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the configuration and the weights, floating-point weights in single precision."""
    pickles = sorted(path.name for path in folder.glob("*") if path.suffix in PICKLES)
    if pickles and not (folder / WEIGHTS).exists():
        raise ModelUnavailable(
            f"{folder} is not an upscaler: {pickles[0]} is a pickle, which can run code; convert it to {WEIGHTS}"
        )
    try:
        facts = json.loads((folder / CONFIG).read_text())
        tensors = load_file(folder / WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelUnavailable(f"{folder} is not an upscaler: {error}") from None
    if not isinstance(facts, dict):
        raise ModelUnavailable(f"{folder} is not an upscaler: {CONFIG} is not an object")
    return facts, {name: each.float() if each.is_floating_point() else each for name, each in tensors.items()}


def _load_with_spandrel(config: SpandrelConfig, weights: dict[str, Tensor]) -> SpandrelNetwork:
    """Build the network from its weights. Raises ValueError if they are of another network."""
    with _without_torchvision():
        from spandrel.architectures import DAT, ESRGAN, SPAN, SwinIR

    kinds = {"RRDBNet": ESRGAN.ESRGANArch, "SPAN": SPAN.SPANArch, "DAT": DAT.DATArch, "SwinIR": SwinIR.SwinIRArch}
    kind = kinds[config.architecture]()
    if not kind.detect(weights):
        raise ValueError(f"the weights are not those of {config.architecture}")
    try:
        with warnings.catch_warnings(action="ignore"):  # SwinIR and DAT call an old form of `torch.meshgrid`
            model = kind.load(weights)
    except Exception as error:  # the library reads sizes from names and shapes, and says in no one way that they differ
        raise ValueError(f"the weights are not those of {config.architecture}: {error}") from None
    if (model.input_channels, model.output_channels) != (3, 3):
        raise ValueError(f"the network takes {model.input_channels} channels and returns {model.output_channels}")
    if model.scale != config.factor:
        raise ValueError(f"the weights enlarge {model.scale} times, and {CONFIG} has the factor {config.factor}")
    needs = model.size_requirements
    return SpandrelNetwork(
        model.model,
        factor=model.scale,
        receptive_field=_measure_receptive_field(config.architecture, model.model),
        least=needs.minimum,
        multiple=needs.multiple_of,
    )


def _measure_receptive_field(architecture: str, model: nn.Module) -> int | None:
    """Return the receptive field in one direction in pixels of the input, or None for attention.

    It is the number of convolutions of 3 x 3 in a row. Those after the features are upscaled count a half or less.
    """
    if architecture == "SPAN":
        return 6 * 3 + 3
    if architecture != "RRDBNet":
        return None
    blocks = len(model.model[1].sub) - 1  # type: ignore[index, arg-type]
    convolutions = blocks * 3 * 5 + 2 + 2
    return ceil(convolutions * (model.shuffle_factor or 1) / ALIGNMENT) * ALIGNMENT  # type: ignore[operator]


@contextmanager
def _without_torchvision() -> Iterator[None]:
    """Import spandrel without torchvision, which two of its other architectures import three names from.

    The package index has torchvision for PyTorch with CUDA only, and with another build it fails at import: see
    docs/decisions/0027-spandrel-without-torchvision.md.
    """
    functional = ModuleType("torchvision.transforms.functional")
    functional.__dict__.update(dict.fromkeys(("InterpolationMode", "normalize", "rotate")))
    stand_ins = {
        "torchvision": ModuleType("torchvision"),
        "torchvision.transforms": ModuleType("torchvision.transforms"),
        "torchvision.transforms.functional": functional,
    }
    there = {name: sys.modules.pop(name, None) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in there.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
