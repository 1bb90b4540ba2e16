"""The picture part of the encoder: a small convolutional network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float32]

EPSILON = 1e-5


class PictureNetwork:
    """Maps pictures to vectors, as `gpu_tasks.inference.encoders.likeness.PictureNetwork` does.

    Each normalization is folded into the convolution before it.
    """

    def __init__(self, weights: Mapping[str, Array], widths: Sequence[int]) -> None:
        self._convolutions = [(weights["stem.weight"], weights["stem.bias"], 2)]
        for stage in range(len(widths) - 1):
            for place, stride in ((0, 1 if stage == 0 else 2), (3, 1)):
                name = f"stages.{stage}"
                self._convolutions.append((*_fold(weights, f"{name}.{place}", f"{name}.{place + 1}"), stride))
        self._head = weights["head.weight"], weights["head.bias"]

    def embed(self, pictures: NDArray[np.uint8]) -> Array:
        """Return vectors (N, width), not normalised, of RGB pictures (N, side, side, 3)."""
        seen = pictures.astype(np.float32) / np.float32(127.5) - 1
        for weight, bias, stride in self._convolutions:
            seen = np.maximum(_convolve(seen, weight, stride) + bias, 0)
        weight, bias = self._head
        vectors: Array = seen.mean((1, 2)) @ weight.T + bias
        return vectors


def _fold(weights: Mapping[str, Array], convolution: str, normalization: str) -> tuple[Array, Array]:
    """Return the weight and the bias of a convolution with the batch normalization that follows it."""
    mean, variance = (weights[f"{normalization}.running_{name}"] for name in ("mean", "var"))
    scale = weights[f"{normalization}.weight"] / np.sqrt(variance + np.float32(EPSILON))
    return weights[f"{convolution}.weight"] * scale[:, None, None, None], weights[
        f"{normalization}.bias"
    ] - mean * scale


def _convolve(seen: Array, weight: Array, stride: int) -> Array:
    """Return the convolution of (N, height, width, channels) with (out, channels, 3, 3), padded by 1."""
    padded = np.pad(seen, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    shape = windows.shape[:3]
    rows = windows.reshape(-1, weight[0].size)
    convolved: Array = (rows @ weight.reshape(len(weight), -1).T).reshape(*shape, len(weight))
    return convolved
