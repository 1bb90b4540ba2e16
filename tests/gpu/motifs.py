"""A motif with a known alpha, and grounds to compose it on."""

import numpy as np
from numpy.typing import NDArray

from gpu_tasks.images.pixels import Pixels

RED, BROWN = (221, 46, 68), (92, 60, 30)


def a_motif(side: int) -> Pixels:
    """A red disc with a brown stem, anti-aliased (side, side, 4)."""
    y, x = np.mgrid[: 4 * side, : 4 * side] / (4 * side) - 0.5
    large = np.zeros((4 * side, 4 * side, 4), np.float64)
    large[(abs(x) < 0.02) & (y < 0) & (y > -0.4)] = (*BROWN, 255)
    large[np.hypot(x, y) < 0.28] = (*RED, 255)
    cells = large.reshape(side, 4, side, 4, 4)
    cover = cells[..., 3].sum((1, 3))
    colours = (cells[..., :3] * cells[..., 3:]).sum((1, 3)) / np.maximum(cover, 1)[..., None]
    return np.dstack([colours, cover / 16]).round().astype(np.uint8)


def a_gradient(side: int) -> NDArray[np.float64]:
    """Pastel pink in one corner, pastel blue in the opposite one."""
    y, x = np.mgrid[:side, :side] / side
    share = ((x + y) / 2)[..., None]
    first, second = np.array((255.0, 214.0, 224.0)), np.array((200.0, 228.0, 255.0))
    return np.asarray(first * (1 - share) + second * share, np.float64)


def noise(side: int) -> NDArray[np.float64]:
    """A grainy green."""
    return np.asarray((190.0, 215.0, 180.0)) + np.random.default_rng(0).normal(0, 18, (side, side, 1))


def plain(side: int) -> NDArray[np.float64]:
    """White."""
    return np.full((side, side, 3), 255.0)


def compose(motif: Pixels, ground: NDArray[np.float64]) -> Pixels:
    """The picture (height, width, 3) of a motif on a ground."""
    alpha = motif[..., 3:] / 255
    return (motif[..., :3] * alpha + ground * (1 - alpha)).round().clip(0, 255).astype(np.uint8)


def overlap(one: Pixels, other: Pixels) -> float:
    """Intersection over union of two motifs."""
    first, second = one[..., 3] >= 128, other[..., 3] >= 128
    return float((first & second).sum() / (first | second).sum())
