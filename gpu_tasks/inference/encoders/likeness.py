"""The likeness encoder: it maps pictures and texts to one space, where similar ones are near each other.

The vector of a text comes from a model's own text encoder: the state at the end-of-text token, minus the mean over
the dataset's names, normalised. This state represents the whole text; the mean of all tokens' states finds half as many
synonyms. The vector of a picture comes from a small convolutional network that was trained to match captions. All are
unit vectors, so a dot product is the cosine, -1 to 1.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize

from craftspark.errors import ModelUnavailable
from gpu_tasks.chunks import split_chunks
from gpu_tasks.inference.manifests import check, write_manifest
from gpu_tasks.inference.model_store import open_text_encoder

LIKENESS = "craftspark-likeness"  # the folder of the built-in model's encoder
FAMILY = "Likeness"
TEXT_MODEL = "craftspark-clipart-128"  # the model whose text encoder is part of it
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class LikenessConfig:
    """The shape of the encoder. Pictures are scaled to `side` pixels, because fine detail says little about the
    subject.

    `text_encoder` is the SHA-256 of the text encoder's weights.
    """

    text_width: int
    text_encoder: str
    side: int = 64
    widths: tuple[int, ...] = (32, 48, 96, 192, 320)


class PictureNetwork(nn.Module):
    """Maps pictures (N, 3, side, side), 0 to 1, to unit vectors (N, text_width)."""

    def __init__(self, config: LikenessConfig) -> None:
        super().__init__()
        first, *widths = config.widths
        self.stem = nn.Conv2d(3, first, 3, 2, 1)
        befores = [first, *widths[:-1]]
        self.stages = nn.Sequential(
            *(
                make_stage(before, width, 1 if number == 0 else 2)
                for number, (before, width) in enumerate(zip(befores, widths, strict=True))
            )
        )
        self.head = nn.Linear(widths[-1], config.text_width)

    def forward(self, pictures: Tensor) -> Tensor:
        seen = self.stages(torch.relu(self.stem(pictures * 2 - 1)))
        return normalize(self.head(seen.mean((2, 3))).float(), dim=-1)


def make_stage(before: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, 3, stride, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, 1, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


class TextEmbedder:
    """A model folder's text encoder, as part of the likeness encoder. Raises ModelUnavailable."""

    def __init__(self, model_folder: Path) -> None:
        weights = model_folder / "text_encoder" / "model.safetensors"
        if not weights.is_file():
            raise ModelUnavailable(f"{model_folder} is not a model folder: text_encoder/model.safetensors is missing")
        self.sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        self._tokenizer, self._encoder = open_text_encoder(model_folder)
        self._encoder.eval()
        self.width = int(self._encoder.config.hidden_size)

    @torch.no_grad()
    def states(self, texts: Sequence[str]) -> Tensor:
        """Return the end-of-text states, (N, width), neither centred nor normalised."""
        parts = [torch.empty(0, self.width)]
        for some in split_chunks(texts, AT_ONCE):
            tokens = self._tokenizer(list(some), padding="max_length", truncation=True, return_tensors="pt")[
                "input_ids"
            ]
            # Padding is also the end-of-text token, so the first one ends the text.
            ends = (tokens == self._tokenizer.eos_token_id).int().argmax(1)
            states = self._encoder(input_ids=tokens).last_hidden_state
            parts.append(states[torch.arange(len(tokens)), ends])
        return torch.cat(parts)


class Likeness:
    """Embeds pictures and texts. `text_mean` (text_width,) centres texts. Raises ModelUnavailable for another text
    encoder.
    """

    def __init__(self, config: LikenessConfig, network: PictureNetwork, text_mean: Tensor, texts: TextEmbedder) -> None:
        if texts.sha256 != config.text_encoder:
            raise ModelUnavailable(
                "the likeness encoder was trained for the text encoder of another model; train it again"
            )
        self.config = config
        self.network = network
        self._text_mean = text_mean
        self._texts = texts

    @classmethod
    def open(cls, folder: Path, model_folder: Path) -> Likeness:
        """Load the encoder of a folder, for a model with the same text encoder. Raises ModelUnavailable."""
        check(folder)
        try:
            facts = json.loads((folder / CONFIG).read_text())
            config = LikenessConfig(**facts | {"widths": tuple(facts["widths"])})
            weights = {name: tensor.float() for name, tensor in load_file(folder / WEIGHTS).items()}
            text_mean = weights.pop("text_mean")
            network = PictureNetwork(config)
            network.load_state_dict(weights)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise ModelUnavailable(f"{folder} is not a likeness encoder: {error}") from None
        return cls(config, network.eval(), text_mean, TextEmbedder(model_folder))

    def save(self, folder: Path, *, report: dict[str, Any]) -> None:
        """Write the folder atomically, in half precision, with a manifest."""
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        tensors = self.network.state_dict() | {"text_mean": self._text_mean}
        halves = {name: tensor.half().contiguous() for name, tensor in tensors.items()}
        save_file(halves, partial / WEIGHTS)
        (partial / WEIGHTS).chmod(0o644)  # the file is private by default, and a worker is another user
        (partial / CONFIG).write_text(json.dumps(asdict(self.config), indent=1) + "\n")
        (partial / "report.json").write_text(json.dumps(report, indent=1) + "\n")
        write_manifest(partial)
        partial.rename(folder)

    @property
    def dimension(self) -> int:
        """The number of values of a vector."""
        return self.config.text_width

    @torch.no_grad()
    def embed_pictures(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Return unit vectors (N, text_width) of RGB pictures (N, height, width, 3) on white."""
        parts = [torch.empty(0, self.config.text_width)]
        for first in range(0, len(pixels), AT_ONCE):
            batch = torch.from_numpy(pixels[first : first + AT_ONCE]).permute(0, 3, 1, 2).float() / 255
            parts.append(self.network(resize_square(batch, self.config.side)))
        return torch.cat(parts)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors (N, text_width)."""
        return normalize(self._texts.states(texts) - self._text_mean, dim=-1)


def resize_square(pictures: Tensor, side: int) -> Tensor:
    """Resize pictures (N, 3, height, width) to (N, 3, side, side), averaging when they are larger."""
    if pictures.shape[-2:] == (side, side):
        return pictures
    return interpolate(pictures, (side, side), mode="bilinear", antialias=True, align_corners=False)


def rank_subjects(places: Tensor, subjects: Tensor, right: Sequence[int]) -> Tensor:
    """Return for each picture's vector the rank of its correct subject among all, 1 for the nearest; int (N,)."""
    return rank_cosines(places @ subjects.T, right)


def rank_cosines(cosines: Tensor, right: Sequence[int]) -> Tensor:
    """Return the same ranks from the cosines (N, subjects) of pictures and subjects."""
    own = cosines.gather(1, torch.tensor(list(right)).view(-1, 1))
    return (cosines > own).sum(1) + 1
