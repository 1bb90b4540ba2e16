"""A version of the encoder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from craftspark.likeness.files import EncoderFiles
from craftspark.likeness.pictures import PictureNetwork
from craftspark.likeness.texts import TextNetwork
from craftspark.models.tokens import Tokenizer

Array = NDArray[np.float32]

LEAST_LENGTH = 1e-12


class Encoder:
    """Embeds pictures and texts as unit vectors of `dimension` values: a dot product is the cosine, -1 to 1."""

    def __init__(self, files: EncoderFiles) -> None:
        config = json.loads(files.picture_config.read_text())
        weights = _read(files.picture_weights)
        self.side = int(config["side"])
        self.dimension = files.dimension
        self._text_mean = weights["text_mean"]
        self._pictures = PictureNetwork(weights, config["widths"])
        tokens = json.loads(files.tokenizer.read_text())["model"]
        self._texts = TextNetwork(
            _read(files.text_weights),
            json.loads(files.text_config.read_text()),
            Tokenizer({(first, second): rank for rank, (first, second) in enumerate(tokens["merges"])}),
            tokens["vocab"],
        )

    def embed_texts(self, texts: Iterable[str]) -> Array:
        """Return unit vectors (N, dimension). An empty text has the vector of no words."""
        return normalize(np.stack([self._texts.embed(text) for text in texts]) - self._text_mean)

    def embed_pictures(self, pictures: NDArray[np.uint8]) -> Array:
        """Return unit vectors (N, dimension) of RGB pictures (N, side, side, 3) on white."""
        return normalize(self._pictures.embed(pictures))


@cache
def load(files: EncoderFiles) -> Encoder:
    """The encoder of these files, read once for each process."""
    return Encoder(files)


def normalize(vectors: Array) -> Array:
    """Return vectors (N, dimension) with the length 1."""
    unit: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), LEAST_LENGTH)
    return unit.astype(np.float32)


def _read(file: Path) -> dict[str, Array]:
    return {name: value.astype(np.float32) for name, value in load_file(file).items()}
