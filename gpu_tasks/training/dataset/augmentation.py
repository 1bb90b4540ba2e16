"""Augmentation, so that an encoder tolerates the errors of generated pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate

SHIFT = 0.12  # of the side, to either side
SCALES = (0.8, 1.15)
TURN = math.radians(10)
BEND = 0.06  # of the side: the error of a generated outline
BEND_KNOTS = 5
GAIN = 0.12
NOISE = 0.03
MIRRORED, SOFTENED, GREYED = 0.5, 0.7, 0.2


def augment(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Augment pictures (N, 3, side, side), 0 to 1, on white: warped, blurred, without colours, lighter or darker. Same
    shape.
    """
    warped = remove_some_colours(warp(pictures, generator), generator)
    return add_noise(soften_some(warped, generator), generator)


def warp(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Shift, scale, rotate, sometimes mirror, and bend smoothly."""
    count = len(pictures)
    low, high = SCALES
    scale = low + (high - low) * torch.rand(count, generator=generator)
    turn = TURN * draw_signed(generator, count)
    mirror = torch.where(torch.rand(count, generator=generator) < MIRRORED, -1.0, 1.0)
    shift = 2 * SHIFT * draw_signed(generator, count, 2)
    cosine, sine = torch.cos(turn) / scale, torch.sin(turn) / scale
    matrix = torch.stack([cosine * mirror, -sine, shift[:, 0], sine * mirror, cosine, shift[:, 1]], 1).view(count, 2, 3)
    grid = affine_grid(matrix, list(pictures.shape), align_corners=False)
    bend = BEND * draw_signed(generator, count, 2, BEND_KNOTS, BEND_KNOTS)
    grid = grid + interpolate(bend, pictures.shape[-2:], mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    # The area outside a picture is white; sampling fills it with zero.
    return 1 - grid_sample(1 - pictures, grid, align_corners=False)


def soften_some(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Blur some of the pictures by different amounts, as a small autoencoder does."""
    blurred = avg_pool2d(avg_pool2d(pictures, 3, 1, 1, count_include_pad=False), 3, 1, 1, count_include_pad=False)
    chosen = (torch.rand(len(pictures), generator=generator) < SOFTENED).float()
    share = (chosen * torch.rand(len(pictures), generator=generator)).view(-1, 1, 1, 1)
    return pictures.lerp(blurred, share)


def remove_some_colours(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Remove the colours of some pictures, so that only the shape identifies a subject."""
    chosen = (torch.rand(len(pictures), generator=generator) < GREYED).view(-1, 1, 1, 1)
    return torch.where(chosen, pictures.mean(1, keepdim=True), pictures)


def add_noise(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Change the strength of each channel slightly, and add noise."""
    gain = 1 + GAIN * draw_signed(generator, len(pictures), 3, 1, 1)
    grain = NOISE * torch.randn(pictures.shape, generator=generator)
    return (1 - (1 - pictures) * gain + grain).clamp(0, 1)


def draw_signed(generator: torch.Generator, *shape: int) -> Tensor:
    """Draw uniform values from -1 to 1."""
    return torch.rand(shape, generator=generator) * 2 - 1
