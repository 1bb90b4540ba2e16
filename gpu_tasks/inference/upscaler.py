"""Upscaling by 2 and by 4 with a small convolutional network, on a CPU too.

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
from gpu_tasks.activity import moved
from gpu_tasks.images.pixels import Pixels, to_bytes
from gpu_tasks.inference.model_store import check

CONFIG, WEIGHTS = "config.json", "model.safetensors"
FACTORS = (2, 4)
TRUSTED = 8.0  # from an alpha of 1/8 on a pixel's own colour counts alone
PIXELS_MOST = 4096 * 4096  # of a result


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class UpscalerConfig:
    """The network's shape; the defaults are those of realesr-animevideov3."""

    architecture: Literal["SRVGGNetCompact"] = "SRVGGNetCompact"
    factor: Literal[4] = 4
    features: Annotated[int, Field(ge=1, le=256)] = 64
    convolutions: Annotated[int, Field(ge=0, le=64)] = 16


class UpscalerNetwork(nn.Module):
    """Pictures (N, 3, height, width), 0 to 1, to (N, 3, 4 height, 4 width), float32.

    SRVGGNetCompact of Real-ESRGAN (Wang et al., arXiv:2107.10833), with the names of its weights: convolutions at the
    low resolution, whose last one tells what to add to the nearest-neighbour picture.
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
        """How far, in pixels of the input, a pixel's surroundings matter to it."""
        return self.config.convolutions + 2

    def save_pretrained(self, folder: Path) -> None:
        """Write configuration and weights, as diffusers' parts do; the folder's manifest is the caller's."""
        (folder / CONFIG).write_text(json.dumps(asdict(self.config), indent=1) + "\n")
        save_file({name: tensor.contiguous() for name, tensor in self.state_dict().items()}, folder / WEIGHTS)

    def forward(self, pictures: Tensor) -> Tensor:
        added = pixel_shuffle(self.body(pictures), self.config.factor).float()
        return added + interpolate(pictures.float(), scale_factor=self.config.factor, mode="nearest")


class Upscaler:
    """Upscales pictures whose pixels are bytes."""

    def __init__(self, network: UpscalerNetwork, *, device: str = "cpu") -> None:
        self.network = network.eval().requires_grad_(False)
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device

    @classmethod
    def open(cls, folder: Path, *, device: str = "cpu") -> Upscaler:
        """The upscaler of a model folder; raises ModelUnavailable for one that is broken or holds something else."""
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
        """A picture (height, width, 3 or 4) times 2 or 4, with as many channels; alpha is straight.

        It goes through the network in tiles, each with as much around it as the network looks at: there is no seam to
        blend, and memory is bounded. `on_tile` hears the share done, 0 to 1. Raises InvalidInput for another factor
        or shape, and for a result of more than PIXELS_MOST pixels.
        """
        if factor not in FACTORS:
            raise InvalidInput(f"factor must be one of {', '.join(map(str, FACTORS))}, not {factor}", field="factor")
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or not pixels.size:
            raise InvalidInput(
                f"the image must be RGB or RGBA with one byte per channel, not {pixels.shape} of {pixels.dtype}",
                field="image",
            )
        height, width, channels = pixels.shape
        if height * width * factor**2 > PIXELS_MOST:
            raise InvalidInput(
                f"{width} x {height} pixels times {factor} exceed the maximum of {PIXELS_MOST} pixels",
                field="image",
            )
        picture = self._surrounded(pixels)
        enlarged = np.empty((height * factor, width * factor, channels), np.uint8)
        corners = [(top, left) for top in range(0, height, TILE) for left in range(0, width, TILE)]
        for number, (top, left) in enumerate(corners, 1):
            moved()
            tile = picture[..., top : top + TILE + 2 * self.network.reach, left : left + TILE + 2 * self.network.reach]
            place = np.s_[top * factor : (top + TILE) * factor, left * factor : (left + TILE) * factor]
            enlarged[place] = to_bytes(self._enlarged(tile, factor)[0])
            on_tile(number / len(corners))
        return enlarged

    def _surrounded(self, pixels: Pixels) -> Tensor:
        """(1, channels, height, width), 0 to 1, with the network's reach around it.

        The edge goes on beyond the border, so the network never sees its convolutions' own zeros. Colour under
        transparency is anything: what is seen spreads over it, so that none bleeds into the edges.
        """
        picture = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255
        if picture.shape[1] == 4:
            alpha = picture[:, 3:]
            picture = torch.cat([spread(picture[:, :3], alpha), alpha], 1)
        return pad(picture, (self.network.reach,) * 4, mode="replicate")

    def _enlarged(self, tile: Tensor, factor: int) -> Tensor:
        colours = self._through(tile[:, :3], factor)
        if tile.shape[1] == 3:
            return colours
        cover = self._through(tile[:, 3:].expand(-1, 3, -1, -1), factor).mean(1, keepdim=True)
        return torch.cat([colours, cover], 1)

    @torch.no_grad()
    def _through(self, tile: Tensor, factor: int) -> Tensor:
        times = self.network.config.factor
        margin = self.network.reach * times
        large = self.network(tile.to(self._device, memory_format=torch.channels_last)).cpu()
        return avg_pool2d(large[..., margin:-margin, margin:-margin].clamp(0, 1), times // factor)


def spread(colours: Tensor, alpha: Tensor) -> Tensor:
    """Colours (N, 3, height, width), those of clear pixels replaced by what is seen nearby.

    Each halving of the picture averages what is seen; whatever is clear at one scale is filled from the next. An
    almost clear pixel's own colour is not trusted either: straight alpha has rounded most of it away.
    """
    seen, total = colours * alpha, alpha.sum((2, 3), keepdim=True)
    if min(colours.shape[-2:]) > 1:
        cover = avg_pool2d(alpha, 2, ceil_mode=True)
        half = (avg_pool2d(seen, 2, ceil_mode=True) / cover.clamp(min=1e-6)).clamp(0, 1)
        beyond = interpolate(spread(half, cover.gt(0).float()), colours.shape[-2:], mode="bilinear")
    else:
        beyond = (seen.sum((2, 3), keepdim=True) / total.clamp(min=1e-6)).clamp(0, 1).expand_as(colours)
    return beyond.lerp(colours, (alpha * TRUSTED).clamp(max=1))
