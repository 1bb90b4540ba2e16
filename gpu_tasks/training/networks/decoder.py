"""Train the decoder of a model folder's autoencoder. The encoder and its latents stay unchanged.

A UNet that was trained on these latents needs no further training. Its latents have small errors, however, so the
decoder learns from latents with noise of many strengths and draws clean edges from them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from gpu_tasks.images.pixels import Pixels, flatten_on_white
from gpu_tasks.inference import manifests
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.dataset import Dataset, hash_pictures, read_names
from gpu_tasks.training.dataset.views import transform_view
from gpu_tasks.training.evaluation.evaluate import to_pixels
from gpu_tasks.training.evaluation.grid import write_grid
from gpu_tasks.training.loop import generator_at, train
from gpu_tasks.training.options import add_options, build_recipe, read_intervals, read_schedule

# Shares of a batch: favoured pictures, transformed, with permuted channels, on a background that is not white.
FAVOURED, MOVED, EXCHANGED, ON_COLOUR = 0.75, 0.7, 0.4, 0.1
MAX_NOISE = 0.25  # the standard deviation of a latent is about 1
EDGE_WEIGHT, SOFT_WEIGHT, CHROMA_WEIGHT = 1.0, 0.5, 0.5
# Zeros around a picture stand out at its corners, which are too few pixels to count in a mean over all.
CORNER, CORNER_WEIGHT, FRAME_WEIGHT = 1, 0.4, 0.2
SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, batch=16, rate=8e-4, steps=1600)
    parser.add_argument("--style", nargs="+", help="sample images of these styles more often")
    parser.add_argument("--subjects", type=Path, help="sample the subjects in this file more often, one name per line")


def run(arguments: argparse.Namespace) -> None:
    """Train to the last step. Raises a TrainingError, or ModelUnavailable for a damaged start."""
    schedule = read_schedule(arguments)
    manifests.check(arguments.start)
    dataset = Dataset.open(arguments.data)
    names = read_names(arguments.subjects) if arguments.subjects else None
    favoured = {picture.id for picture in dataset.only(styles=arguments.style, names=names).pictures}
    pictures = VariedPictures(
        pixels=dataset.pixels(),
        favoured=[at for at, picture in enumerate(dataset.pictures) if picture.id in favoured],
    )
    facts = {
        "pictures": hash_pictures(dataset.pictures, pictures.pixels),
        "favoured": sorted(favoured),
        "seed": arguments.seed,
        "batch": arguments.batch,
    }
    this_run = Run.start(arguments.run, build_recipe("decoder", arguments, schedule, facts))
    autoencoder = AutoencoderKL.from_pretrained(arguments.start / "vae", torch_dtype=torch.float32)
    autoencoder.to(arguments.device).eval()
    shown = torch.stack(
        [prepare_picture(pixels) for pixels in pictures.pixels[pictures.favoured[:: len(favoured) // SHOWN + 1]]]
    ).to(arguments.device)

    def sample(average: nn.Module, step: int) -> None:
        with torch.no_grad():
            latents = encode_pictures(autoencoder, shown)
            noise = torch.randn(latents.shape, generator=generator_at(arguments.seed, "shown")).to(latents.device)
            rows = [shown, average(latents), average(latents + MAX_NOISE / 2 * noise)]
        print(
            f"after {step} steps: {measure_psnr(rows[1], shown):.2f} dB, with noise {measure_psnr(rows[2], shown):.2f}"
        )
        write_grid(np.concatenate([to_pixels(row) for row in rows]), this_run.folder / "samples" / f"{step:08}.png")

    train(
        Decoder(autoencoder),
        DecodingLoss(pictures, autoencoder, seed=arguments.seed, size=arguments.batch // arguments.parts),
        this_run,
        schedule,
        read_intervals(arguments),
        on_sample=sample,
    )


class Decoder(nn.Module):
    """The trained part: latents (N, 4, height, width) to pictures (N, 3, 8 height, 8 width), -1 to 1."""

    def __init__(self, autoencoder: Any) -> None:
        super().__init__()
        self.post_quant_conv = autoencoder.post_quant_conv
        self.decoder = autoencoder.decoder

    def forward(self, latents: Tensor) -> Tensor:
        decoded: Tensor = self.decoder(self.post_quant_conv(latents))
        return decoded


class VariedPictures:
    """Training pictures with random variations."""

    def __init__(self, *, pixels: Pixels, favoured: list[int]) -> None:
        self.pixels = pixels
        self.favoured = favoured

    def draw(self, count: int, seed: int) -> Tensor:
        """Draw pictures (count, 3, side, side), -1 to 1. The same seed gives the same pictures."""
        draws = np.random.default_rng(seed)
        return torch.stack([self._one(draws) for _ in range(count)])

    def _one(self, draws: np.random.Generator) -> Tensor:
        favoured = self.favoured and draws.random() < FAVOURED
        picture = self.pixels[draws.choice(self.favoured) if favoured else draws.integers(len(self.pixels))]
        if draws.random() < MOVED:
            picture = transform_view(picture, draws)
        if draws.random() < EXCHANGED:
            picture = picture[..., [*draws.permutation(3), 3]]
        ground = draws.integers(0, 256, 3) if draws.random() < ON_COLOUR else None
        return prepare_picture(picture, ground)


class DecodingLoss:
    """The difference between decoded and original pictures: pixels, edges, blurred shapes and colours."""

    def __init__(self, pictures: VariedPictures, autoencoder: Any, *, seed: int, size: int) -> None:
        self._pictures = pictures
        self._autoencoder = autoencoder
        self._seed = seed
        self._size = size

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        generator = generator_at(self._seed, "noise", step, part)
        wanted = self._pictures.draw(self._size, generator_at(self._seed, "draw", step, part).initial_seed())
        wanted = wanted.to(self._autoencoder.device)
        with torch.autocast(wanted.device.type, torch.bfloat16, cache_enabled=False):
            latents = encode_pictures(self._autoencoder, wanted).float()
            strength = MAX_NOISE * torch.rand(self._size, 1, 1, 1, generator=generator)
            noise = strength * torch.randn(latents.shape, generator=generator)
            told = network(latents + noise.to(latents.device))
        wrong = told.float() - wanted
        chroma = wrong - wrong.mean(1, keepdim=True)
        soft = avg_pool2d(wrong, 8)
        loss: Tensor = (
            wrong.abs().mean()
            + EDGE_WEIGHT * (wrong.diff(dim=-1).abs().mean() + wrong.diff(dim=-2).abs().mean()) / 2
            + SOFT_WEIGHT * soft.abs().mean()
            + CHROMA_WEIGHT * chroma.abs().mean()
            + measure_frame(wrong)
        )
        return loss


def measure_frame(wrong: Tensor) -> Tensor:
    """Return the weighted error of a picture's outer pixels and of its corners. `wrong` is (N, 3, side, side)."""
    ends = [*range(CORNER), *range(-CORNER, 0)]
    corners = wrong[..., ends, :][..., ends]
    frame = (wrong[..., [0, -1], :].abs().mean() + wrong[..., [0, -1]].abs().mean()) / 2
    return CORNER_WEIGHT * corners.abs().mean() + FRAME_WEIGHT * frame


@torch.no_grad()
def encode_pictures(autoencoder: Any, pictures: Tensor) -> Tensor:
    latents: Tensor = autoencoder.encode(pictures).latent_dist.mode()
    return latents


def prepare_picture(picture: Pixels, ground: Any = None) -> Tensor:
    """Return an RGBA picture on white or another background as (3, side, side), -1 to 1."""
    if ground is None:
        seen = flatten_on_white(picture)
    else:
        alpha = picture[..., 3:] / 255
        seen = np.rint(picture[..., :3] * alpha + ground * (1 - alpha)).astype(np.uint8)
    return torch.from_numpy(seen).permute(2, 0, 1).float() / 127.5 - 1


def measure_psnr(told: Tensor, wanted: Tensor) -> float:
    """Return the mean PSNR of pictures, -1 to 1, in dB."""
    error = ((told.clamp(-1, 1) - wanted) / 2).square().mean((1, 2, 3))
    return (-10 * error.log10()).mean().item()
