"""Sample grids: drawings of the same prompts throughout a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gpu_tasks.training.checkpoint import PARTIAL

PROMPTS = (
    *("red apple", "cat face", "birthday cake", "sunflower", "rocket", "butterfly", "octopus", "house with garden"),
    *("guitar", "strawberry", "snowman", "a kitten", "a pumpkin", "slice of pizza", "christmas tree", "a puppy"),
    *("a cup of coffee", "cute owl", "rainbow", "sailboat", "hedgehog", "a car", "a present", "a bunch of flowers"),
    *("blue apple", "green butterfly", "purple cat face", "pink elephant", "yellow fish", "black rose"),
    *("orange octopus", "red car"),
)
COLUMNS = 8


def draw(
    model: Any, prompts: Sequence[str], *, seed: int, steps: int = 20, guidance: float = 4.0, rescale: float = 0.5
) -> NDArray[np.uint8]:
    """Draw one picture per prompt, (prompts, height, width, 3). The noise of all prompts depends only on the seed."""
    return (
        np.asarray(
            model(
                list(prompts),
                num_inference_steps=steps,
                guidance_scale=guidance,
                guidance_rescale=rescale,
                generator=[torch.Generator().manual_seed(seed) for _ in prompts],
                output_type="np",
            ).images
            * 255
        )
        .round()
        .astype(np.uint8)
    )


def write_grid(pictures: NDArray[np.uint8], path: Path) -> None:
    """Write the pictures in reading order to one PNG file."""
    count, height, width, channels = pictures.shape
    rows = math.ceil(count / COLUMNS)
    filled = np.full((rows * COLUMNS, height, width, channels), 255, np.uint8)
    filled[:count] = pictures
    sheet = filled.reshape(rows, COLUMNS, height, width, channels).swapaxes(1, 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(PARTIAL)
    Image.fromarray(sheet.reshape(rows * height, COLUMNS * width, channels)).save(partial, format="png")
    partial.replace(path)
