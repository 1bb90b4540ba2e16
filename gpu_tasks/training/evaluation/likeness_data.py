"""The training data of the likeness encoder: pictures and the vectors of their names, as tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from gpu_tasks.images.pixels import flatten_on_white
from gpu_tasks.inference.encoders.likeness import TextEmbedder, resize_square
from gpu_tasks.training.dataset.dataset import Dataset

HELD_OUT = 0.05
FAVOURED = 0.6  # share of favoured subjects in a batch
AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class LikenessData:
    """Pictures (N, 3, side, side) uint8 with the index of their name and the rows of their words' vectors.

    `learned` and `held_out` are indexes of pictures, and the `favoured` ones are among them.
    """

    pictures: Tensor
    names: Tensor
    name_places: Tensor
    words: list[list[int]]
    word_places: Tensor
    learned: list[int]
    favoured: list[int]
    held_out: list[int]
    favoured_held_out: list[int]

    def draw(self, count: int, draws: np.random.Generator) -> tuple[list[int], list[int]]:
        """Draw indexes of pictures, and for each the row of one of its words."""
        favoured = draws.random(count) < FAVOURED
        drawn = np.where(favoured, draws.choice(self.favoured, count), draws.choice(self.learned, count)).tolist()
        return drawn, [self.words[index][draws.integers(len(self.words[index]))] for index in drawn]


def prepare(
    dataset: Dataset,
    texts: TextEmbedder,
    text_mean: Tensor,
    side: int,
    *,
    favoured: frozenset[str],
    whole_style: str | None,
    seed: int,
) -> LikenessData:
    """Prepare the training data. The seed selects the held-out pictures, none of them from `whole_style`."""
    pixels = torch.from_numpy(flatten_on_white(dataset.pixels())).permute(0, 3, 1, 2)
    names = list_names(dataset)
    number = {name: index for index, name in enumerate(names)}
    words = sorted({word for picture in dataset.pictures for word in (picture.name, *picture.synonyms)})
    row = {word: index for index, word in enumerate(words)}
    candidates = [index for index, picture in enumerate(dataset.pictures) if picture.style != whole_style]
    held_out = draw_held_out([picture.name for picture in dataset.pictures], candidates, seed)
    wanted = {index for index, picture in enumerate(dataset.pictures) if picture.name in favoured}
    learned = [index for index in range(len(pixels)) if index not in held_out]
    return LikenessData(
        pictures=torch.cat([resize_square(part.float(), side).round().byte() for part in torch.split(pixels, AT_ONCE)]),
        names=torch.tensor([number[picture.name] for picture in dataset.pictures]),
        name_places=normalize(texts.states(names) - text_mean, dim=-1),
        words=[[row[word] for word in (picture.name, *picture.synonyms)] for picture in dataset.pictures],
        word_places=normalize(texts.states(words) - text_mean, dim=-1),
        learned=learned,
        favoured=[index for index in learned if index in wanted] or learned,
        held_out=sorted(held_out),
        favoured_held_out=sorted(held_out & wanted),
    )


def list_names(dataset: Dataset) -> list[str]:
    return sorted({picture.name for picture in dataset.pictures})


def draw_held_out(names: Sequence[str], candidates: Sequence[int], seed: int) -> set[int]:
    """Select one candidate in twenty to hold out. At least one picture of each subject stays in the training."""
    left = Counter(names)
    chosen: set[int] = set()
    for index in np.random.default_rng(seed).permutation(candidates).tolist():
        if len(chosen) >= HELD_OUT * len(candidates):
            break
        if left[names[index]] > 1:
            left[names[index]] -= 1
            chosen.add(index)
    return chosen
