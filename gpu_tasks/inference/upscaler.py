"""Upscaling by 2 and by 4, in tiles without seams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.enlarging import FACTORS, MAX_ENLARGED_PIXELS
from craftspark.models.work import TILE
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.manifests import check, identify
from gpu_tasks.inference.upscaler_bands import BlendedTiles, ExactTiles, PaddedPicture, TileRows
from gpu_tasks.inference.upscaler_networks import EnlargingNetwork, open_network

PROBE_SIDE = 24  # pixels of the first picture


class Upscaler:
    """Upscales pictures in bytes."""

    def __init__(
        self, network: EnlargingNetwork, *, device: str = "cpu", identity: Mapping[str, str] | None = None
    ) -> None:
        """`identity` is the name of the catalogue entry with the hash that identifies the network."""
        self.identity = identity or {}
        self.network = network.eval().requires_grad_(False)
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device

    @classmethod
    def open(cls, folder: Path, *, device: str = "cpu", name: str = "") -> Upscaler:
        """Load the upscaler of a model folder and upscale a first picture. `name` is that of its catalogue entry.

        Raises ModelUnavailable if the folder is damaged or has another model, or if the first picture is not what an
        upscaler returns.
        """
        check(folder)
        upscaler = cls(open_network(folder), device=device, identity=identify(folder, name))
        upscaler._check_first_picture(folder)
        return upscaler

    @classmethod
    def try_out(cls, folder: Path) -> None:
        """Upscale a first picture with a folder that may have no manifest. Raises ModelUnavailable as `open` does."""
        cls(open_network(folder))._check_first_picture(folder)

    def upscale(self, pixels: Pixels, factor: int, on_tile: Callable[[float], None] = lambda _: None) -> Pixels:
        """Upscale a picture (height, width, 3 or 4) by 2 or 4. Alpha is straight.

        The network runs on tiles with their surroundings, so there are no seams and memory is limited. By 2, the result
        of a network of 4 is averaged; by 4, a network of 2 runs twice. Calls `on_tile` with the completed share, 0 to
        1. Raises InvalidInput for another factor or shape, or for a result of more than MAX_ENLARGED_PIXELS pixels.
        """
        if factor not in FACTORS:
            raise InvalidInput(f"factor must be one of {', '.join(map(str, FACTORS))}, not {factor}", field="factor")
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or not pixels.size:
            raise InvalidInput(
                f"the image must be RGB or RGBA with one byte per channel, not {pixels.shape} of {pixels.dtype}",
                field="image",
            )
        height, width = pixels.shape[:2]
        if height * width * factor**2 > MAX_ENLARGED_PIXELS:
            raise InvalidInput(
                f"{width} x {height} pixels times {factor} exceed the maximum of {MAX_ENLARGED_PIXELS} pixels",
                field="image",
            )
        large = np.empty((height * factor, width * factor, pixels.shape[2]), np.uint8)
        top = 0
        for band in self.enlarge_in_bands(pixels, factor, on_tile):
            large[top : top + len(band)] = band
            top += len(band)
        return large

    def enlarge_in_bands(
        self, pixels: Pixels, factor: int, on_tile: Callable[[float], None] = lambda _: None
    ) -> Iterator[Pixels]:
        """Yield the picture that `upscale` returns in bands (rows, width, channels), from top to bottom.

        Only a band is in memory at a time, so the result can have more pixels than that of `upscale`.
        """
        if factor <= self.network.factor:
            yield from self._upscale(pixels, factor, on_tile)
            return
        # The second time is four times the work of the first.
        twice = np.concatenate(list(self._upscale(pixels, 2, lambda share: on_tile(share / 5))))
        yield from self._upscale(twice, 2, lambda share: on_tile((1 + 4 * share) / 5))

    def _upscale(self, pixels: Pixels, factor: int, on_tile: Callable[[float], None]) -> Iterator[Pixels]:
        height, width, channels = pixels.shape
        reach, blend = self.network.reach, self.network.blend
        picture = PaddedPicture(pixels, reach)
        shape = height * factor, width * factor, channels
        tiles: TileRows = (
            BlendedTiles(shape, TILE * factor, blend * factor) if blend else ExactTiles(shape, TILE * factor)
        )
        lefts = range(0, width, TILE)
        rows = ceil(height / TILE)
        for row in range(rows):
            top, bottom = row * TILE, min(row * TILE + TILE, height)
            band = picture.band(top, bottom)
            for number, left in enumerate(lefts, 1):
                record_activity()
                tile = band[..., left : left + TILE + 2 * reach]
                tiles.put(self._enlarge(tile, factor)[0], top * factor, left * factor)
                on_tile((row * len(lefts) + number) / (rows * len(lefts)))
            yield tiles.take(bottom * factor)

    def _enlarge(self, tile: Tensor, factor: int) -> Tensor:
        colours = self._run_network(tile[:, :3], factor)
        if tile.shape[1] == 3:
            return colours
        cover = self._run_network(tile[:, 3:].expand(-1, 3, -1, -1), factor).mean(1, keepdim=True)
        return torch.cat([colours, cover], 1)

    def _run_network(self, tile: Tensor, factor: int) -> Tensor:
        """Return an enlarged tile without its surroundings, except the part that is blended."""
        times = self.network.factor
        margin = (self.network.reach - self.network.blend) * times
        large = self._run(tile).cpu()
        return avg_pool2d(large[..., margin:-margin, margin:-margin].clamp(0, 1), times // factor)

    @torch.no_grad()
    def _run(self, tile: Tensor) -> Tensor:
        large: Tensor = self.network(tile.to(self._device, memory_format=torch.channels_last))
        return large

    def _check_first_picture(self, folder: Path) -> None:
        """Raise ModelUnavailable unless the network returns finite numbers and a picture of the expected size."""
        first = self._run(torch.linspace(0, 1, 3 * PROBE_SIDE**2).reshape(1, 3, PROBE_SIDE, PROBE_SIDE))
        side = PROBE_SIDE * self.network.factor
        if first.shape != (1, 3, side, side):
            raise ModelUnavailable(
                f"the upscaler in {folder} made a picture of {tuple(first.shape)} and not of {(1, 3, side, side)}"
            )
        if not torch.isfinite(first).all():
            raise ModelUnavailable(f"the upscaler in {folder} made invalid numbers of its first picture")
