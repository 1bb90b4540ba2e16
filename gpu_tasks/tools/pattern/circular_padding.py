"""Pictures without borders: convolutions whose padding is what lies on the other side of the repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.downsampling import Downsample2D
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from gpu_tasks.tools.pattern.repeats import half

if TYPE_CHECKING:
    from craftspark.tools.toss import Repeat


@contextmanager
def on_torus(networks: list[nn.Module], repeat: Repeat) -> Iterator[None]:
    """Within it, the networks' convolutions see the tile's neighbours in this repeat where they saw zeros.

    A network of convolutions and of layers that treat all places alike then draws a tile that has no border. The
    networks' weights are not touched, and they are as before when it ends.
    """
    replaced: list[tuple[nn.Module, str]] = []
    try:
        for layer in (layer for network in networks for layer in network.modules()):
            if isinstance(layer, nn.Conv2d) and any(isinstance(side, int) and side for side in layer.padding):
                layer.__dict__["_conv_forward"] = _wrapped(layer, repeat)
                replaced.append((layer, "_conv_forward"))
            elif isinstance(layer, Downsample2D) and layer.padding == 0:
                layer.__dict__["forward"] = _halved(layer, repeat)
                replaced.append((layer, "forward"))
        yield
    finally:
        for layer, method in replaced:
            del layer.__dict__[method]


def _halved(layer: Any, repeat: Repeat) -> Any:
    """The encoder's halving pads with zeros itself, below and to the right alone."""

    def forward(tiles: Tensor) -> Tensor:
        halved: Tensor = layer.conv(surrounded(tiles, 1, 1, repeat)[..., 1:, 1:])
        return halved

    return forward


def _wrapped(layer: nn.Conv2d, repeat: Repeat) -> Any:
    high, wide = (int(side) for side in layer.padding)

    def forward(tiles: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return conv2d(
            surrounded(tiles, high, wide, repeat), weight, bias, layer.stride, 0, layer.dilation, layer.groups
        )

    return forward


def surrounded(tiles: Tensor, high: int, wide: int, repeat: Repeat) -> Tensor:
    """Tiles (N, channels, height, width) with `high` rows and `wide` columns of their neighbours on each side.

    Half-drop moves every second column of tiles down by half a tile, brick every second row to the right by half.
    Where there is no neighbour, in a repeat along one axis, there is zero, as a convolution's own padding is.
    """
    if repeat == "brick":
        # Rows of bricks are columns of half-drops with the axes exchanged.
        return surrounded(tiles.transpose(2, 3), wide, high, "half-drop").transpose(2, 3)
    if repeat == "y":
        return pad(_beside(tiles, high, 2), (wide, wide, 0, 0))
    if repeat == "x":
        return pad(_beside(tiles, wide, 3), (0, 0, high, high))
    neighbour = tiles.roll(half(tiles.shape[2]), 2) if repeat == "half-drop" else tiles
    row = torch.cat([neighbour[..., -wide:], tiles, neighbour[..., :wide]], 3) if wide else tiles
    return _beside(row, high, 2)


def _beside(tiles: Tensor, pixels: int, axis: int) -> Tensor:
    if not pixels:
        return tiles
    size = tiles.shape[axis]
    return torch.cat([tiles.narrow(axis, size - pixels, pixels), tiles, tiles.narrow(axis, 0, pixels)], axis)
