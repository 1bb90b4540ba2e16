"""Upscaling by 2 and by 4 with a small convolutional network that also runs on a CPU.

A model folder has config.json (an UpscalerConfig), model.safetensors (fp16), a card and a manifest of their hashes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pad, pixel_shuffle

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.work import TILE
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels, to_bytes
from gpu_tasks.inference.model_store import check

CONFIG, WEIGHTS = "config.json", "model.safetensors"
FACTORS = (2, 4)
TRUSTED = 8.0  # a pixel with an alpha of at least 1/8 keeps its own colour
MAX_PIXELS = 4096 * 4096  # of a result


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class UpscalerConfig:
    """The network's shape. The defaults are those of realesr-animevideov3."""

    architecture: Literal["SRVGGNetCompact"] = "SRVGGNetCompact"
    factor: Literal[4] = 4
    features: Annotated[int, Field(ge=1, le=256)] = 64
    convolutions: Annotated[int, Field(ge=0, le=64)] = 16


class UpscalerNetwork(nn.Module):
    """Upscales pictures (N, 3, height, width), 0 to 1, to (N, 3, 4 height, 4 width), float32.

    SRVGGNetCompact of Real-ESRGAN (Wang et al., arXiv:2107.10833), with the same names of weights: convolutions at low
    resolution, whose last output is added to the nearest-neighbour picture.
    """

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.features
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(config.convolutions):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, 3 * config.factor**2, 3, padding=1))

    @property
    def reach(self) -> int:
        """The receptive field in one direction, in pixels of the input."""
        return self.config.convolutions + 2

    def save_pretrained(self, folder: Path) -> None:
        """Write configuration and weights, as Diffusers' components do. The caller writes the folder's manifest."""
        (folder / CONFIG).write_text(json.dumps(asdict(self.config), indent=1) + "\n")
        save_file({name: tensor.contiguous() for name, tensor in self.state_dict().items()}, folder / WEIGHTS)

    def forward(self, pictures: Tensor) -> Tensor:
        """Upscale pictures (N, 3, height, width), 0 to 1, by 4."""
        added = pixel_shuffle(self.body(pictures), self.config.factor).float()
        return added + interpolate(pictures.float(), scale_factor=self.config.factor, mode="nearest")


class Upscaler:
    """Upscales pictures in bytes."""

    def __init__(self, network: UpscalerNetwork, *, device: str = "cpu") -> None:
        self.network = network.eval().requires_grad_(False)
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device

    @classmethod
    def open(cls, folder: Path, *, device: str = "cpu") -> Upscaler:
        """Load the upscaler of a model folder. Raises ModelUnavailable if the folder is damaged or contains another
        model.
        """
        check(folder)
        try:
            config = UpscalerConfig(**json.loads((folder / CONFIG).read_text()))
            network = UpscalerNetwork(config)
            network.load_state_dict({name: tensor.float() for name, tensor in load_file(folder / WEIGHTS).items()})
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, part["loc"])) for part in error.errors())
            raise ModelUnavailable(f"{folder} is not an upscaler: {CONFIG} is not valid in {wrong}") from None
        except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
            raise ModelUnavailable(f"{folder} is not an upscaler: {error}") from None
        return cls(network, device=device)

    def upscale(self, pixels: Pixels, factor: int, on_tile: Callable[[float], None] = lambda _: None) -> Pixels:
        """Upscale a picture (height, width, 3 or 4) by 2 or 4. Alpha is straight.

        The network runs on tiles that include its receptive field, so there are no seams and memory is limited. Calls
        `on_tile` with the completed share, 0 to 1. Raises InvalidInput for another factor or shape, or for a result of
        more than MAX_PIXELS pixels.
        """
        if factor not in FACTORS:
            raise InvalidInput(f"factor must be one of {', '.join(map(str, FACTORS))}, not {factor}", field="factor")
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or not pixels.size:
            raise InvalidInput(
                f"the image must be RGB or RGBA with one byte per channel, not {pixels.shape} of {pixels.dtype}",
                field="image",
            )
        height, width, channels = pixels.shape
        if height * width * factor**2 > MAX_PIXELS:
            raise InvalidInput(
                f"{width} x {height} pixels times {factor} exceed the maximum of {MAX_PIXELS} pixels",
                field="image",
            )
        height, width, channels = pixels.shape
        if height * width * factor**2 > MAX_PIXELS:
            raise InvalidInput(
                f"{width} x {height} pixels times {factor} exceed the maximum of {MAX_PIXELS} pixels",
                field="image",
            )
        picture = self._pad_edges(pixels)
        enlarged = np.empty((height * factor, width * factor, channels), np.uint8)
        corners = [(top, left) for top in range(0, height, TILE) for left in range(0, width, TILE)]
        for number, (top, left) in enumerate(corners, 1):
            record_activity()
            tile = picture[..., top : top + TILE + 2 * self.network.reach, left : left + TILE + 2 * self.network.reach]
            place = np.s_[top * factor : (top + TILE) * factor, left * factor : (left + TILE) * factor]
            enlarged[place] = to_bytes(self._enlarge(tile, factor)[0])
            on_tile(number / len(corners))
        return enlarged

    def _pad_edges(self, pixels: Pixels) -> Tensor:
        """Return a tensor (1, channels, height, width), 0 to 1, padded by the network's receptive field.

        Edges are repeated beyond the border, so that the network never sees the zeros of its padding. Transparent
        pixels can have any colour, so visible colours spread over them and none bleeds into the edges.
        """
        picture = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255
        if picture.shape[1] == 4:
            alpha = picture[:, 3:]
            picture = torch.cat([spread(picture[:, :3], alpha), alpha], 1)
        return pad(picture, (self.network.reach,) * 4, mode="replicate")

    def _enlarge(self, tile: Tensor, factor: int) -> Tensor:
        colours = self._run_network(tile[:, :3], factor)
        if tile.shape[1] == 3:
            return colours
        cover = self._run_network(tile[:, 3:].expand(-1, 3, -1, -1), factor).mean(1, keepdim=True)
        return torch.cat([colours, cover], 1)

    @torch.no_grad()
    def _run_network(self, tile: Tensor, factor: int) -> Tensor:
        times = self.network.config.factor
        margin = self.network.reach * times
        large = self.network(tile.to(self._device, memory_format=torch.channels_last)).cpu()
        return avg_pool2d(large[..., margin:-margin, margin:-margin].clamp(0, 1), times // factor)


def spread(colours: Tensor, alpha: Tensor) -> Tensor:
    """Replace the colours (N, 3, height, width) of clear pixels by visible colours nearby.

    Each halving of the picture averages the visible colours, and clear pixels at one scale are filled from the next.
    The own colour of an almost clear pixel is not reliable either, because straight alpha rounds most of it away.
    """
    seen, total = colours * alpha, alpha.sum((2, 3), keepdim=True)
    if min(colours.shape[-2:]) > 1:
        cover = avg_pool2d(alpha, 2, ceil_mode=True)
        half = (avg_pool2d(seen, 2, ceil_mode=True) / cover.clamp(min=1e-6)).clamp(0, 1)
        beyond = interpolate(spread(half, cover.gt(0).float()), colours.shape[-2:], mode="bilinear")
    else:
        beyond = (seen.sum((2, 3), keepdim=True) / total.clamp(min=1e-6)).clamp(0, 1).expand_as(colours)
    return beyond.lerp(colours, (alpha * TRUSTED).clamp(max=1))
