"""A version of the encoder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from craftspark.likeness.files import EncoderFiles
from craftspark.likeness.parts import list_parts
from craftspark.likeness.pictures import PictureNetwork
from craftspark.likeness.queries import Query, read_query
from craftspark.likeness.texts import TextNetwork
from craftspark.likeness.thesaurus import Thesaurus
from craftspark.models.tokens import Tokenizer

Array = NDArray[np.float32]

LEAST_LENGTH = 1e-12
MAX_WORDS = 16  # of a text whose parts are embedded
NAMES_KEPT = 2048


@dataclass(frozen=True)
class Reading:
    """What the words of a search mean; see craftspark.gallery.vectors.Reading."""

    query: Query
    vector: list[float]

    @property
    def is_known(self) -> bool:
        return bool(self.query.texts)

    @property
    def subjects(self) -> int:
        return len(self.query.subjects)

    def count_said(self, text: str) -> int:
        return self.query.count_said(text)


class Encoder:
    """Embeds pictures and texts as unit vectors of `dimension` values: a dot product is the cosine, -1 to 1."""

    def __init__(self, files: EncoderFiles) -> None:
        config = json.loads(files.picture_config.read_text())
        weights = _read(files.picture_weights)
        self.side = int(config["side"])
        self.dimension = files.dimension
        # Searches ask for the same names again and again. Each takes 640 bytes.
        self._embed_name = lru_cache(NAMES_KEPT)(lambda text: self.embed_texts([text])[0])
        self._text_mean = weights["text_mean"]
        self._pictures = PictureNetwork(weights, config["widths"])
        tokens = json.loads(files.tokenizer.read_text())["model"]
        self._texts = TextNetwork(
            _read(files.text_weights),
            json.loads(files.text_config.read_text()),
            Tokenizer({(first, second): rank for rank, (first, second) in enumerate(tokens["merges"])}),
            tokens["vocab"],
        )

    def embed_text(self, text: str) -> list[float]:
        """Return the unit vector of what a text is about: the direction of the mean of its parts."""
        parts = self.embed_texts(list_parts(text, MAX_WORDS))
        vector: list[float] = normalize(parts.mean(0, keepdims=True))[0].tolist()
        return vector

    def read(self, words: str, thesaurus: Thesaurus) -> Reading:
        """Read the words of a search, and embed what they mean."""
        query = read_query(words, thesaurus)
        if not query.texts:
            return Reading(query, self.embed_text(words))
        vectors = np.stack([self._embed_name(text) for text in query.texts])
        weights = np.array([*query.texts.values()], np.float32)
        vector: list[float] = normalize((weights @ vectors)[None])[0].tolist()
        return Reading(query, vector)

    def embed_square(self, rgb: bytes) -> list[float]:
        """Return the unit vector of a picture of `side` times `side` pixels, as RGB values row by row."""
        pixels = np.frombuffer(rgb, np.uint8).reshape(1, self.side, self.side, 3)
        vector: list[float] = self.embed_pictures(pixels)[0].tolist()
        return vector

    def embed_texts(self, texts: Sequence[str]) -> Array:
        """Return unit vectors (N, dimension). An empty text has the vector of no words."""
        return normalize(self._texts.embed(texts) - self._text_mean)

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
