"""Pairs of patches for the upscaler: parts of large pictures, and the same parts scaled down.

Most are only scaled down. Some are also blurred, noisy or compressed, and some come from a model's autoencoder, whose
blur the upscaler learns to remove.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from gpu_tasks.images.pixels import Pixels, flatten_on_white

FACTOR = 4
MARGIN = 8  # small pixels around a patch that the filters also use
FILTERS = (Image.Resampling.BOX, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.HAMMING)
WHITE, PLAIN, GRADIENT = 0.6, 0.2, 0.15  # shares of backgrounds; the rest is alpha in grey
FINE = 0.35  # share with twice as much detail
SOFT, GRAINY, COMPRESSED = 0.15, 0.1, 0.1  # shares of degraded patches
SOFTNESS, GRAIN, QUALITY = (0.3, 0.8), 3.0, (75, 96)  # radius in pixels, of 255, of JPEG


@dataclass(frozen=True, kw_only=True)
class PatchPlan:
    """The composition of a batch, which is part of the recipe. `patch` is in small pixels."""

    seed: int
    batch: int
    patch: int
    softened: float  # share of patches of pictures that have been through the autoencoder


class Patches:
    """Draws pairs from pictures (N, side, side, 4), and from `softened` ones (N, side / 4, side / 4, 3) if any."""

    def __init__(self, pictures: Pixels, softened: Pixels | None, plan: PatchPlan) -> None:
        self._pictures = pictures
        self._softened = softened
        self._plan = plan

    def draw(self, *place: int) -> tuple[Tensor, Tensor]:
        """Return small patches (batch, 3, patch, patch) and large ones, 0 to 1. A place always gives the same ones."""
        draws = np.random.default_rng([self._plan.seed, *place])
        pairs = [transform_pair(*self._pair(draws), draws) for _ in range(self._plan.batch)]
        return to_tensor([small for small, _ in pairs]), to_tensor([large for _, large in pairs])

    def _pair(self, draws: np.random.Generator) -> tuple[Pixels, Pixels]:
        number, patch = int(draws.integers(len(self._pictures))), self._plan.patch
        picture = self._pictures[number]
        side = picture.shape[0] // FACTOR
        if self._softened is not None and draws.random() < self._plan.softened:
            left, top = draws.integers(side - patch + 1, size=2).tolist()
            large = picture[FACTOR * top : FACTOR * (top + patch), FACTOR * left : FACTOR * (left + patch)]
            return self._softened[number, top : top + patch, left : left + patch], flatten_on_white(large)
        finer = 2 if 2 * patch <= side and draws.random() < FINE else 1
        left, top = draws.integers(side // finer - patch + 1, size=2).tolist()
        # The filters also use pixels around the patch, as in a whole picture.
        first = np.maximum(np.array([top, left]) - MARGIN, 0)
        last = np.minimum(np.array([top, left]) + patch + MARGIN, side // finer)
        (y0, x0), (y1, x1) = (first * FACTOR * finer).tolist(), (last * FACTOR * finer).tolist()
        large_image = Image.fromarray(place_on_background(picture[y0:y1, x0:x1], draws)).reduce(finer)
        small = np.asarray(shrink(large_image, draws))
        top, left = top - int(first[0]), left - int(first[1])
        large = np.asarray(large_image)
        return (
            small[top : top + patch, left : left + patch],
            large[FACTOR * top : FACTOR * (top + patch), FACTOR * left : FACTOR * (left + patch)],
        )


def place_on_background(picture: Pixels, draws: np.random.Generator) -> Pixels:
    """Place RGBA on white, on a plain colour or on a gradient, or return its alpha in grey."""
    kind = draws.random()
    if kind < WHITE:
        return flatten_on_white(picture)
    alpha = picture[..., 3:].astype(np.float32) / 255
    if kind >= WHITE + PLAIN + GRADIENT:
        return np.repeat(picture[..., 3:], 3, -1)
    ground = draws.uniform(0, 255, 3)
    if kind >= WHITE + PLAIN:
        way = np.linspace(0, 1, picture.shape[0])[:, None, None]
        ground = ground * (1 - way) + draws.uniform(0, 255, 3) * way
    return np.round(picture[..., :3] * alpha + ground * (1 - alpha)).astype(np.uint8)


def shrink(large: Image.Image, draws: np.random.Generator) -> Image.Image:
    """Scale to a quarter by one of the filters, and sometimes degrade the result."""
    kind = FILTERS[int(draws.integers(len(FILTERS)))]
    small = large.resize((large.width // FACTOR, large.height // FACTOR), kind)
    soft, grainy, compressed = draws.random(3) < (SOFT, GRAINY, COMPRESSED)
    if soft:
        small = small.filter(ImageFilter.GaussianBlur(draws.uniform(*SOFTNESS)))
    if grainy:
        pixels = np.asarray(small, np.float32)
        noise = draws.normal(0, draws.uniform(0, GRAIN), pixels.shape)
        small = Image.fromarray((pixels + noise).round().clip(0, 255).astype(np.uint8))
    if compressed:
        file = io.BytesIO()
        small.save(file, format="jpeg", quality=int(draws.integers(*QUALITY)))
        small = Image.open(file)
    return small


def transform_pair(small: Pixels, large: Pixels, draws: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Mirror both, rotate them by right angles and permute their channels, identically."""
    mirror, turns, channels = draws.random() < 0.5, int(draws.integers(4)), draws.permutation(3)

    def one(pixels: Pixels) -> Pixels:
        mirrored = pixels[:, ::-1] if mirror else pixels
        result: Pixels = np.rot90(mirrored, turns)[..., channels]
        return result

    return one(small), one(large)


def to_tensor(patches: list[Pixels]) -> Tensor:
    """Convert patches to a tensor (N, 3, height, width), 0 to 1."""
    return torch.from_numpy(np.stack(patches)).permute(0, 3, 1, 2).float() / 255
