"""Circular padding: convolutions whose padding is the opposite side of the tile, so that a pattern has no borders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.downsampling import Downsample2D
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from gpu_tasks.tools.pattern.repeats import halve

if TYPE_CHECKING:
    from craftspark.tools.toss import Repeat


@contextmanager
def pad_circularly(networks: list[nn.Module], repeat: Repeat) -> Iterator[None]:
    """In this context, the networks' convolutions see the tile's neighbours in the repeat where they would see zeros.

    A network of convolutions and position-independent layers then draws a seamless tile. Weights are unchanged, and the
    networks are restored at the end.
    """
    replaced: list[tuple[nn.Module, str]] = []
    try:
        for layer in (layer for network in networks for layer in network.modules()):
            if isinstance(layer, nn.Conv2d) and any(isinstance(side, int) and side for side in layer.padding):
                layer.__dict__["_conv_forward"] = _wrap_convolution(layer, repeat)
                replaced.append((layer, "_conv_forward"))
            elif isinstance(layer, Downsample2D) and layer.padding == 0:
                layer.__dict__["forward"] = _wrap_downsampling(layer, repeat)
                replaced.append((layer, "forward"))
        yield
    finally:
        for layer, method in replaced:
            del layer.__dict__[method]


def _wrap_downsampling(layer: Any, repeat: Repeat) -> Any:
    """Replace the encoder's downsampling, which pads with zeros only at the bottom and on the right."""

    def forward(tiles: Tensor) -> Tensor:
        halved: Tensor = layer.conv(add_neighbours(tiles, 1, 1, repeat)[..., 1:, 1:])
        return halved

    return forward


def _wrap_convolution(layer: nn.Conv2d, repeat: Repeat) -> Any:
    high, wide = (int(side) for side in layer.padding)

    def forward(tiles: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return conv2d(
            add_neighbours(tiles, high, wide, repeat), weight, bias, layer.stride, 0, layer.dilation, layer.groups
        )

    return forward


def add_neighbours(tiles: Tensor, high: int, wide: int, repeat: Repeat) -> Tensor:
    """Add `high` rows and `wide` columns of the neighbours to each side of tiles (N, channels, height, width).

    Half-drop shifts every second column of tiles down by half a tile, brick shifts every second row to the right by
    half. If the repeat has no neighbour on an axis, the padding is zero, as in a convolution.
    """
    if repeat == "brick":
        # Rows of bricks are columns of half-drops with the axes exchanged.
        return add_neighbours(tiles.transpose(2, 3), wide, high, "half-drop").transpose(2, 3)
    if repeat == "y":
        return pad(_wrap_axis(tiles, high, 2), (wide, wide, 0, 0))
    if repeat == "x":
        return pad(_wrap_axis(tiles, wide, 3), (0, 0, high, high))
    neighbour = tiles.roll(halve(tiles.shape[2]), 2) if repeat == "half-drop" else tiles
    row = torch.cat([neighbour[..., -wide:], tiles, neighbour[..., :wide]], 3) if wide else tiles
    return _wrap_axis(row, high, 2)


def _wrap_axis(tiles: Tensor, pixels: int, axis: int) -> Tensor:
    if not pixels:
        return tiles
    size = tiles.shape[axis]
    return torch.cat([tiles.narrow(axis, size - pixels, pixels), tiles, tiles.narrow(axis, 0, pixels)], axis)
