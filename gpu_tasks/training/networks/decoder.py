"""Train the decoder of a model folder's autoencoder; the encoder, and so the space of the latents, stays as it is.

A UNet that was trained on these latents needs no further training. It never draws a latent exactly, though, so the
decoder learns from latents with noise of many strengths: what it cannot tell from a clean edge it draws as one.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import model_store
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.dataset import Dataset, digest_of, on_white, read_names
from gpu_tasks.training.dataset.examples import moved
from gpu_tasks.training.evaluation.grid import write_grid
from gpu_tasks.training.loop import Schedule, generator_at, train
from gpu_tasks.training.options import add_options, rhythm_of, schedule_of

# Shares of a batch: the favoured pictures, those moved, with exchanged colours, on another ground than white.
FAVOURED, MOVED, EXCHANGED, ON_COLOUR = 0.75, 0.7, 0.4, 0.1
NOISE_MOST = 0.25  # the standard deviation of a latent is about 1
EDGE_WEIGHT, SOFT_WEIGHT, CHROMA_WEIGHT = 1.0, 0.5, 0.5
SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, batch=16, rate=8e-4, steps=1600)
    parser.add_argument("--style", help="sample images of this style more often")
    parser.add_argument("--subjects", type=Path, help="sample the subjects in this file more often, one name per line")


def run(arguments: argparse.Namespace) -> None:
    """Train to the last step; raises a TrainingError, or ModelUnavailable for a broken start."""
    schedule = schedule_of(arguments)
    model_store.check(arguments.start)
    dataset = Dataset.open(arguments.data)
    names = read_names(arguments.subjects) if arguments.subjects else None
    favoured = {picture.id for picture in dataset.only(style=arguments.style, names=names).pictures}
    pictures = Pictures(
        pixels=dataset.pixels(),
        favoured=[at for at, picture in enumerate(dataset.pictures) if picture.id in favoured],
    )
    this_run = Run.begin(
        arguments.run, recipe(arguments, schedule, digest_of(dataset.pictures, pictures.pixels), favoured)
    )
    autoencoder = AutoencoderKL.from_pretrained(arguments.start / "vae", torch_dtype=torch.float32)
    autoencoder.to(arguments.device).eval()
    shown = torch.stack(
        [prepared(pixels) for pixels in pictures.pixels[pictures.favoured[:: len(favoured) // SHOWN + 1]]]
    ).to(arguments.device)

    def sample(average: nn.Module, step: int) -> None:
        with torch.no_grad():
            latents = encoded(autoencoder, shown)
            noise = torch.randn(latents.shape, generator=generator_at(arguments.seed, "shown")).to(latents.device)
            rows = [shown, average(latents), average(latents + NOISE_MOST / 2 * noise)]
        print(f"after {step} steps: {decibels(rows[1], shown):.2f} dB, with noise {decibels(rows[2], shown):.2f}")
        write_grid(np.concatenate([as_pixels(row) for row in rows]), this_run.folder / "samples" / f"{step:08}.png")

    train(
        Decoder(autoencoder),
        DecodingLoss(pictures, autoencoder, seed=arguments.seed, size=arguments.batch // arguments.parts),
        this_run,
        schedule,
        rhythm_of(arguments),
        on_sample=sample,
        say=lambda line: print(line, flush=True),
    )


class Decoder(nn.Module):
    """Latents (N, 4, h, w) to pictures (N, 3, 8 h, 8 w), -1 to 1: what of an autoencoder is trained."""

    def __init__(self, autoencoder: Any) -> None:
        super().__init__()
        self.post_quant_conv = autoencoder.post_quant_conv
        self.decoder = autoencoder.decoder

    def forward(self, latents: Tensor) -> Tensor:
        decoded: Tensor = self.decoder(self.post_quant_conv(latents))
        return decoded


class Pictures:
    """Training pictures with their variations."""

    def __init__(self, *, pixels: Pixels, favoured: list[int]) -> None:
        self.pixels = pixels
        self.favoured = favoured

    def draw(self, count: int, seed: int) -> Tensor:
        """(count, 3, side, side), -1 to 1; the same for the same seed."""
        draws = np.random.default_rng(seed)
        return torch.stack([self._one(draws) for _ in range(count)])

    def _one(self, draws: np.random.Generator) -> Tensor:
        favoured = self.favoured and draws.random() < FAVOURED
        picture = self.pixels[draws.choice(self.favoured) if favoured else draws.integers(len(self.pixels))]
        if draws.random() < MOVED:
            picture = moved(picture, draws)
        if draws.random() < EXCHANGED:
            picture = picture[..., [*draws.permutation(3), 3]]
        ground = draws.integers(0, 256, 3) if draws.random() < ON_COLOUR else None
        return prepared(picture, ground)


class DecodingLoss:
    """How far a decoded picture is from its original: each pixel, its edges, its soft shape and its colours."""

    def __init__(self, pictures: Pictures, autoencoder: Any, *, seed: int, size: int) -> None:
        self._pictures = pictures
        self._autoencoder = autoencoder
        self._seed = seed
        self._size = size

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        generator = generator_at(self._seed, "noise", step, part)
        wanted = self._pictures.draw(self._size, generator_at(self._seed, "draw", step, part).initial_seed())
        wanted = wanted.to(self._autoencoder.device)
        with torch.autocast(wanted.device.type, torch.bfloat16, cache_enabled=False):
            latents = encoded(self._autoencoder, wanted).float()
            strength = NOISE_MOST * torch.rand(self._size, 1, 1, 1, generator=generator)
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
        )
        return loss


@torch.no_grad()
def encoded(autoencoder: Any, pictures: Tensor) -> Tensor:
    latents: Tensor = autoencoder.encode(pictures).latent_dist.mode()
    return latents


def prepared(picture: Pixels, ground: Any = None) -> Tensor:
    """An RGBA picture on white or another ground as (3, side, side), -1 to 1."""
    if ground is None:
        seen = on_white(picture)
    else:
        alpha = picture[..., 3:] / 255
        seen = np.rint(picture[..., :3] * alpha + ground * (1 - alpha)).astype(np.uint8)
    return torch.from_numpy(seen).permute(2, 0, 1).float() / 127.5 - 1


def as_pixels(pictures: Tensor) -> Pixels:
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def decibels(told: Tensor, wanted: Tensor) -> float:
    """The mean PSNR of pictures, -1 to 1."""
    error = ((told.clamp(-1, 1) - wanted) / 2).square().mean((1, 2, 3))
    return (-10 * error.log10()).mean().item()


def recipe(arguments: argparse.Namespace, schedule: Schedule, digest: str, favoured: set[str]) -> dict[str, Any]:
    """All that the result depends on."""
    return {
        "trains": "decoder",
        "start": model_store.sha256_of(arguments.start / model_store.MANIFEST),
        "pictures": digest,
        "favoured": sorted(favoured),
        "seed": arguments.seed,
        "batch": arguments.batch,
        **asdict(schedule),
    }
