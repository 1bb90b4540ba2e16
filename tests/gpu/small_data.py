"""Small pictures for trainings in tests."""

import numpy as np

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.training.dataset.picture import CaptionedPicture

RED = (221, 46, 68)


def a_picture(name: str, *synonyms: str) -> CaptionedPicture:
    return CaptionedPicture(id=name, file=f"pictures/{name}.png", name=name, synonyms=synonyms, licence="CC0-1.0")


def a_disc(colour: tuple[int, int, int] = RED, size: int = 128) -> Pixels:
    """A disc with a black centre on a transparent background."""
    y, x = np.mgrid[:size, :size] - size / 2
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[x**2 + y**2 < (size * 0.4) ** 2] = (*colour, 255)
    pixels[x**2 + y**2 < (size * 0.08) ** 2] = (0, 0, 0, 255)
    return pixels
