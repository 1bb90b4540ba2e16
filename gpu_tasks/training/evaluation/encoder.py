"""The likeness encoder: pictures and texts in one space, where near means alike.

Texts are placed by a model's own text encoder: the state at the end-of-text token, which its training gave the
meaning of the whole text (the mean of the tokens' states finds half as many synonyms), less the mean over the
dataset's names, at unit length. Pictures are placed by a small convolutional network trained to meet their captions
there. Both come as unit vectors, so that a dot product is the cosine, -1 to 1.
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

from gpu_tasks.inference.model_store import check, write_manifest
from gpu_tasks.training.errors import LikenessBroken

LIKENESS = "craftspark-likeness"  # the folder of the built-in model's
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class LikenessConfig:
    """`side` is what pictures are scaled to, in pixels: fine detail says little about the subject.

    `text_encoder` is the SHA-256 of the weights whose space this is.
    """

    text_width: int
    text_encoder: str
    side: int = 64
    widths: tuple[int, ...] = (32, 48, 96, 192, 320)


class PictureNetwork(nn.Module):
    """Pictures (N, 3, side, side), 0 to 1, to unit vectors (N, text_width)."""

    def __init__(self, config: LikenessConfig) -> None:
        super().__init__()
        first, *widths = config.widths
        self.stem = nn.Conv2d(3, first, 3, 2, 1)
        befores = [first, *widths[:-1]]
        self.stages = nn.Sequential(
            *(
                stage(before, width, 1 if number == 0 else 2)
                for number, (before, width) in enumerate(zip(befores, widths, strict=True))
            )
        )
        self.head = nn.Linear(widths[-1], config.text_width)

    def forward(self, pictures: Tensor) -> Tensor:
        seen = self.stages(torch.relu(self.stem(pictures * 2 - 1)))
        return normalize(self.head(seen.mean((2, 3))).float(), dim=-1)


def stage(before: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, 3, stride, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, 1, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


class TextPlaces:
    """A model folder's text encoder, as the space of likeness."""

    def __init__(self, model_folder: Path) -> None:
        from transformers import CLIPTextModel, CLIPTokenizer  # slow to import, and not needed for pictures
        from transformers.utils import logging as transformers_log

        transformers_log.disable_progress_bar()

        weights = model_folder / "text_encoder" / "model.safetensors"
        if not weights.is_file():
            raise LikenessBroken(f"{model_folder} is not a model folder: text_encoder/model.safetensors is missing")
        self.sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        self._tokenizer: Any = CLIPTokenizer.from_pretrained(model_folder / "tokenizer", local_files_only=True)
        self._encoder: Any = CLIPTextModel.from_pretrained(
            model_folder / "text_encoder", dtype=torch.float32, local_files_only=True
        ).eval()
        self.width = int(self._encoder.config.hidden_size)

    @torch.no_grad()
    def states(self, texts: Sequence[str]) -> Tensor:
        """The end-of-text states, (N, width), neither centred nor scaled."""
        parts = [torch.empty(0, self.width)]
        for first in range(0, len(texts), AT_ONCE):
            tokens = self._tokenizer(
                list(texts[first : first + AT_ONCE]), padding="max_length", truncation=True, return_tensors="pt"
            )["input_ids"]
            # The end-of-text token is the padding too; the first of them ends the text.
            ends = (tokens == self._tokenizer.eos_token_id).int().argmax(1)
            states = self._encoder(input_ids=tokens).last_hidden_state
            parts.append(states[torch.arange(len(tokens)), ends])
        return torch.cat(parts)


class Likeness:
    """Places pictures and texts; `text_mean` (text_width,) is what texts are centred by."""

    def __init__(self, config: LikenessConfig, network: PictureNetwork, text_mean: Tensor, texts: TextPlaces) -> None:
        if texts.sha256 != config.text_encoder:
            raise LikenessBroken(
                "the likeness encoder was trained for the text encoder of another model; train it again"
            )
        self.config = config
        self.network = network
        self._text_mean = text_mean
        self._texts = texts

    @classmethod
    def open(cls, folder: Path, model_folder: Path) -> Likeness:
        """The encoder of a folder, for a model with the same text encoder; raises LikenessBroken, ModelUnavailable."""
        check(folder)
        try:
            facts = json.loads((folder / CONFIG).read_text())
            config = LikenessConfig(**facts | {"widths": tuple(facts["widths"])})
            weights = {name: tensor.float() for name, tensor in load_file(folder / WEIGHTS).items()}
            text_mean = weights.pop("text_mean")
            network = PictureNetwork(config)
            network.load_state_dict(weights)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise LikenessBroken(f"{folder} is not a likeness encoder: {error}") from None
        return cls(config, network.eval(), text_mean, TextPlaces(model_folder))

    def save(self, folder: Path, *, report: dict[str, Any]) -> None:
        """Write the folder, half precision, with a manifest; all of it or nothing."""
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        tensors = self.network.state_dict() | {"text_mean": self._text_mean}
        halves = {name: tensor.half().contiguous() for name, tensor in tensors.items()}
        save_file(halves, partial / WEIGHTS)
        (partial / WEIGHTS).chmod(0o644)  # written for their owner alone; a worker runs as somebody else
        (partial / CONFIG).write_text(json.dumps(asdict(self.config), indent=1) + "\n")
        (partial / "report.json").write_text(json.dumps(report, indent=1) + "\n")
        write_manifest(partial)
        partial.rename(folder)

    @torch.no_grad()
    def of_pictures(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Unit vectors (N, text_width) of RGB pictures (N, height, width, 3) on white ground."""
        parts = [torch.empty(0, self.config.text_width)]
        for first in range(0, len(pixels), AT_ONCE):
            batch = torch.from_numpy(pixels[first : first + AT_ONCE]).permute(0, 3, 1, 2).float() / 255
            parts.append(self.network(to_side(batch, self.config.side)))
        return torch.cat(parts)

    def of_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors (N, text_width)."""
        return normalize(self._texts.states(texts) - self._text_mean, dim=-1)


def to_side(pictures: Tensor, side: int) -> Tensor:
    """Pictures (N, 3, height, width) averaged down, or scaled up, to (N, 3, side, side)."""
    if pictures.shape[-2:] == (side, side):
        return pictures
    return interpolate(pictures, (side, side), mode="bilinear", antialias=True, align_corners=False)


def ranks(places: Tensor, subjects: Tensor, right: Sequence[int]) -> Tensor:
    """For each picture's place the rank of its right subject among all, 1 for the nearest; int (N,)."""
    cosines = places @ subjects.T
    own = cosines.gather(1, torch.tensor(list(right)).view(-1, 1))
    return (cosines > own).sum(1) + 1
