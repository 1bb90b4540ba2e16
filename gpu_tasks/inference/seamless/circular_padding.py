"""Circular padding: convolutions whose padding is the opposite side of the tile, so that a pattern has no borders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import QwenImageCausalConv3d
from diffusers.models.downsampling import Downsample2D
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv3d, pad

from gpu_tasks.inference.seamless.neighbours import add_neighbours

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
            elif isinstance(layer, QwenImageCausalConv3d) and any(layer._padding[:4]):
                layer.__dict__["_conv_forward"] = _wrap_causal_convolution(layer, repeat)
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
        halved: Tensor = layer.conv(pad_tiles(tiles, 1, 1, repeat)[..., 1:, 1:])
        return halved

    return forward


def _wrap_convolution(layer: nn.Conv2d, repeat: Repeat) -> Any:
    high, wide = (int(side) for side in layer.padding)

    def forward(tiles: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return conv2d(pad_tiles(tiles, high, wide, repeat), weight, bias, layer.stride, 0, layer.dilation, layer.groups)

    return forward


def _wrap_causal_convolution(layer: Any, repeat: Repeat) -> Any:
    """Replace the zeros that the layer has put around its input (N, channels, frames, height, width)."""
    wide, _, high, *_ = layer._padding

    def forward(padded: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        height, width = padded.shape[-2:]
        tiles = padded[..., high : height - high, wide : width - wide]
        return conv3d(pad_tiles(tiles, high, wide, repeat), weight, bias, layer.stride)

    return forward


def pad_tiles(tiles: Tensor, high: int, wide: int, repeat: Repeat) -> Tensor:
    """Add `high` rows and `wide` columns to each side of tiles (N, channels, ..., height, width).

    They are those of the neighbours in the repeat. On an axis without neighbours they are zero, as in a convolution.
    """
    axes = tiles.dim() - 2, tiles.dim() - 1
    surrounded = add_neighbours(tiles, high, wide, repeat, axes=axes, arrays=torch)
    if repeat in ("x", "y"):
        return pad(surrounded, (wide, wide, 0, 0) if repeat == "y" else (0, 0, high, high))
    return surrounded
