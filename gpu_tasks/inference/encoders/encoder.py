"""An encoder of the catalogue, by its entry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from craftspark.errors import ModelUnavailable
from craftspark.models.networks import Network
from gpu_tasks.inference.encoders.likeness import FAMILY, TEXT_MODEL, Likeness
from gpu_tasks.inference.encoders.two_towers import TwoTowers
from gpu_tasks.inference.model_store import BUILT_IN

ACCURACY = 1e-3  # of the length of a unit vector


class Encoder(Protocol):
    """Embeds words and pictures. All vectors are unit vectors of float32, so a dot product is the cosine, -1 to 1.

    Cosines of pictures with words are lower than those of pictures with pictures: only cosines of one kind can be
    compared. Vectors of different encoders cannot be compared.
    """

    @property
    def dimension(self) -> int:
        """The number of values of a vector."""

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Return vectors (N, dimension) of texts. A text that is too long is cut."""

    def embed_pictures(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Return vectors (N, dimension) of pictures (N, height, width, 3)."""


def open_encoder(network: Network, folder: Path, *, device: str = "cpu") -> Encoder:
    """Load the encoder of an entry from its folder, and embed a first word and a first picture.

    Raises ModelUnavailable if the folder is damaged or has another model, or if its first vectors are not unit vectors
    of the entry's dimension.
    """
    encoder: Encoder
    if network.family == FAMILY:
        encoder = Likeness.open(folder, BUILT_IN / TEXT_MODEL)
    else:
        encoder = TwoTowers.open(folder, network.family, device=device)
    check_vectors(network, encoder)
    return encoder


def check_vectors(network: Network, encoder: Encoder) -> None:
    """Raise ModelUnavailable if a first word and a first picture do not have unit vectors of the entry's dimension."""
    picture = np.full((1, 64, 96, 3), 255, np.uint8)
    picture[:, 16:48, 32:64] = (221, 46, 68)
    first = {"word": encoder.embed_texts(["a red square"]), "picture": encoder.embed_pictures(picture)}
    for kind, vectors in first.items():
        if vectors.shape != (1, network.dimension):
            raise ModelUnavailable(
                f"{network.name} made a vector of {tuple(vectors.shape)} of a {kind}, not of (1, {network.dimension})"
            )
        if not torch.isfinite(vectors).all() or abs(float(vectors.norm()) - 1) > ACCURACY:
            raise ModelUnavailable(f"{network.name} made no unit vector of a {kind}")
