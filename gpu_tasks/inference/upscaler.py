"""Upscaling by 2 and by 4, in tiles without seams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.enlarging import FACTORS, MAX_ENLARGED_PIXELS
from craftspark.models.work import TILE
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels, to_bytes
from gpu_tasks.inference.manifests import check, identify
from gpu_tasks.inference.upscaler_networks import EnlargingNetwork, open_network

TRUSTED = 8.0  # a pixel with an alpha of at least 1/8 keeps its own colour
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
        if factor <= self.network.factor:
            return self._upscale(pixels, factor, on_tile)
        # The second time is four times the work of the first.
        twice = self._upscale(pixels, 2, lambda share: on_tile(share / 5))
        return self._upscale(twice, 2, lambda share: on_tile((1 + 4 * share) / 5))

    def _upscale(self, pixels: Pixels, factor: int, on_tile: Callable[[float], None]) -> Pixels:
        height, width, channels = pixels.shape
        reach, blend = self.network.reach, self.network.blend
        picture = self._pad_edges(pixels)
        shape = height * factor, width * factor, channels
        mosaic = BlendedTiles(shape, blend * factor) if blend else ExactTiles(shape)
        corners = [(top, left) for top in range(0, height, TILE) for left in range(0, width, TILE)]
        for number, (top, left) in enumerate(corners, 1):
            record_activity()
            tile = picture[..., top : top + TILE + 2 * reach, left : left + TILE + 2 * reach]
            mosaic.put(self._enlarge(tile, factor)[0], top * factor, left * factor)
            on_tile(number / len(corners))
        return mosaic.pixels()

    def _pad_edges(self, pixels: Pixels) -> Tensor:
        """Return a tensor (1, channels, height, width), 0 to 1, padded by the network's reach.

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


class ExactTiles:
    """A picture (height, width, channels) of tiles that do not overlap."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._pixels = np.empty(shape, np.uint8)

    def put(self, tile: Tensor, top: int, left: int) -> None:
        """Put a tile (channels, height, width), 0 to 1, with its first pixel at this place."""
        self._pixels[top : top + tile.shape[1], left : left + tile.shape[2]] = to_bytes(tile)

    def pixels(self) -> Pixels:
        """Return the picture in bytes."""
        return self._pixels


class BlendedTiles:
    """A picture (height, width, channels) of tiles that each extend by `overlap` pixels over all edges.

    Across a common edge, one tile fades into the other.
    """

    def __init__(self, shape: tuple[int, int, int], overlap: int) -> None:
        height, width, channels = shape
        self._sum = torch.zeros((channels, height, width))
        self._overlap = overlap

    def put(self, tile: Tensor, top: int, left: int) -> None:
        """Add a tile (channels, height, width), 0 to 1. `top` and `left` are the place of its part inside the edges."""
        rows, columns = (
            self._place(start, length, whole)
            for start, length, whole in zip((top, left), tile.shape[1:], self._sum.shape[1:], strict=True)
        )
        seen = tile[:, rows[1], columns[1]]
        self._sum[:, rows[0], columns[0]] += seen * rows[2][:, None] * columns[2]

    def _place(self, start: int, length: int, whole: int) -> tuple[slice, slice, Tensor]:
        """Return where a tile is in the picture on one axis, that part of the tile, and its weights."""
        overlap = self._overlap
        first, last = start - overlap, start - overlap + length
        inside = slice(max(first, 0), min(last, whole))
        at = torch.arange(inside.start, inside.stop) + 0.5
        ones = torch.ones_like(at)
        rise = ((at - first) / (2 * overlap)).clamp(max=1) if start else ones
        fall = ((last - at) / (2 * overlap)).clamp(max=1) if last - overlap < whole else ones
        return inside, slice(inside.start - first, inside.stop - first), rise * fall

    def pixels(self) -> Pixels:
        """Return the picture in bytes."""
        return to_bytes(self._sum)


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
