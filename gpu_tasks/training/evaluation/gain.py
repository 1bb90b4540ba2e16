"""`python -m gpu_tasks.training gain MODEL_FOLDER` measures an upscaler against bicubic interpolation.

Pictures of one style are rasterised at the upscaled size, composed on white, and scaled down by bicubic interpolation
with antialiasing, by default to 128 x 128 pixels, the size of the built-in model's drawings. Small pictures are only
rounded to bytes. The figure is the mean over pictures of the peak signal-to-noise ratio over three channels, in dB,
minus that of bicubic enlargement. A seed selects the pictures.
"""

from __future__ import annotations

import argparse
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from PIL import Image

from craftspark.errors.training import RecipeUnfit, TooFewPictures
from craftspark.models.enlarging import FACTORS
from gpu_tasks.images.pixels import Pixels, flatten_on_white
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.training.dataset.emoji import is_visible, read_icons

SMALL = 128  # pixels per side
PICTURES = 64
SEED = 1


@dataclass(frozen=True)
class Gain:
    """Peak signal-to-noise ratios of each picture, in dB."""

    bicubic: list[float]
    upscaled: list[float]

    @property
    def each(self) -> list[float]:
        return [over - under for over, under in zip(self.upscaled, self.bicubic, strict=True)]

    @property
    def mean(self) -> float:
        return mean(self.each)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL_FOLDER")
    parser.add_argument("--style", default="twemoji")
    parser.add_argument("--small", type=int, default=SMALL, help="width and height in pixels of the images to enlarge")
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--seed", type=int, default=SEED, help="random seed that selects the images of the style")
    parser.add_argument("--factors", type=int, nargs="+", choices=FACTORS, default=list(FACTORS))


def run(arguments: argparse.Namespace) -> None:
    """Measure and print JSON. Raises ModelUnavailable, SourceUnavailable, TooFewPictures, RecipeUnfit."""
    if arguments.small < 1 or arguments.pictures < 1:
        raise RecipeUnfit("--small and --pictures must be at least 1")
    upscaler = Upscaler.open(arguments.model)
    figures: dict[str, object] = {name: getattr(arguments, name) for name in ("style", "small", "pictures", "seed")}
    for factor in arguments.factors:
        large = rasterise_references(
            arguments.style, arguments.small * factor, count=arguments.pictures, seed=arguments.seed
        )
        gain = measure_gain(upscaler, large, factor)
        figures[f"{factor}x"] = {
            "bicubic_db": round(mean(gain.bicubic), 2),
            "upscaled_db": round(mean(gain.upscaled), 2),
            "gain_db": round(gain.mean, 2),
            "least_gain_db": round(min(gain.each), 2),
        }
    print(json.dumps(figures, indent=1))


def rasterise_references(style: str, side: int, *, count: int = PICTURES, seed: int = SEED) -> list[Pixels]:
    """Rasterise pictures (side, side, 3) of a style on white. The same count and seed select the same pictures at any
    size.
    """
    candidates = read_icons(style)
    chosen: list[Pixels] = []
    for number in np.random.default_rng(seed).permutation(len(candidates)):
        if len(chosen) == count:
            break
        content = candidates[number].png(side)
        if is_visible(content):
            with Image.open(io.BytesIO(content)) as image:
                chosen.append(flatten_on_white(np.asarray(image.convert("RGBA"))))
    if len(chosen) < count:
        raise TooFewPictures(f"{style} has {len(chosen)} images, fewer than the requested {count}")
    return chosen


def measure_gain(upscaler: Upscaler, large: Sequence[Pixels], factor: int) -> Gain:
    """Compare bicubic interpolation and the upscaler on pictures that are scaled down."""
    bicubic, upscaled = [], []
    for picture in large:
        small = resize(picture, picture.shape[0] // factor)
        bicubic.append(psnr(resize(small, picture.shape[0]), picture))
        upscaled.append(psnr(upscaler.upscale(small, factor), picture))
    return Gain(bicubic, upscaled)


def resize(picture: Pixels, side: int) -> Pixels:
    """Resize by bicubic interpolation, with antialiasing when scaling down."""
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))


def psnr(picture: Pixels, reference: Pixels) -> float:
    """Return the peak signal-to-noise ratio in dB, infinite for equal pictures."""
    error = float(np.square(picture.astype(np.float64) - reference).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)
