"""What training does to a picture so that an encoder forgives what a generated picture gets a little wrong."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate

SHIFT = 0.12  # of the side, to either side
SCALES = (0.8, 1.15)
TURN = math.radians(10)
BEND = 0.06  # of the side: how far a generated outline strays
BEND_KNOTS = 5
GAIN = 0.12
NOISE = 0.03
MIRRORED, SOFTENED, GREYED = 0.5, 0.7, 0.2


def augmented(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (N, 3, side, side), 0 to 1, on white: moved, bent, softened, greyed, lighter or darker; same shape."""
    moved = greyed(bent_and_moved(pictures, generator), generator)
    return noisy(softened(moved, generator), generator)


def bent_and_moved(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """A shift, a scale, a small turn, perhaps a mirroring, and a smooth random bend."""
    count = len(pictures)
    low, high = SCALES
    scale = low + (high - low) * torch.rand(count, generator=generator)
    turn = TURN * signed(generator, count)
    mirror = torch.where(torch.rand(count, generator=generator) < MIRRORED, -1.0, 1.0)
    shift = 2 * SHIFT * signed(generator, count, 2)
    cosine, sine = torch.cos(turn) / scale, torch.sin(turn) / scale
    matrix = torch.stack([cosine * mirror, -sine, shift[:, 0], sine * mirror, cosine, shift[:, 1]], 1).view(count, 2, 3)
    grid = affine_grid(matrix, list(pictures.shape), align_corners=False)
    bend = BEND * signed(generator, count, 2, BEND_KNOTS, BEND_KNOTS)
    grid = grid + interpolate(bend, pictures.shape[-2:], mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    # Outside a picture is white, which sampling calls zero.
    return 1 - grid_sample(1 - pictures, grid, align_corners=False)


def softened(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Some of the pictures blurred by different amounts, as a small autoencoder blurs."""
    blurred = avg_pool2d(avg_pool2d(pictures, 3, 1, 1, count_include_pad=False), 3, 1, 1, count_include_pad=False)
    chosen = (torch.rand(len(pictures), generator=generator) < SOFTENED).float()
    share = (chosen * torch.rand(len(pictures), generator=generator)).view(-1, 1, 1, 1)
    return pictures.lerp(blurred, share)


def greyed(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Some of the pictures without their colours, so that a shape alone tells a subject where it can."""
    chosen = (torch.rand(len(pictures), generator=generator) < GREYED).view(-1, 1, 1, 1)
    return torch.where(chosen, pictures.mean(1, keepdim=True), pictures)


def noisy(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Each channel a little stronger or weaker, and grain."""
    gain = 1 + GAIN * signed(generator, len(pictures), 3, 1, 1)
    grain = NOISE * torch.randn(pictures.shape, generator=generator)
    return (1 - (1 - pictures) * gain + grain).clamp(0, 1)


def signed(generator: torch.Generator, *shape: int) -> Tensor:
    """Uniform from -1 to 1."""
    return torch.rand(shape, generator=generator) * 2 - 1
