"""Encodes captioned pictures once, before a training: latents of all their views, and all captions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.learning import Learning
from gpu_tasks.training.dataset.captions import Captions
from gpu_tasks.training.dataset.examples import Examples, Subject, Variant
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.dataset.views import Painted, recolour_all
from gpu_tasks.training.loop import open_threads

PIXELS_AT_ONCE = 32 * 128 * 128
NO_CAPTION = ""
NO_LOOKS: Mapping[str, str] = MappingProxyType({})
NAMED, COLOURED_NAMED = 9, 2  # captions of a subject, and of one in a colour, that name a look


def encode(
    pictures: Sequence[CaptionedPicture],
    pixels: Pixels,
    model: Any,
    learning: Learning,
    *,
    recoloured: bool = True,
    looks: Mapping[str, str] = NO_LOOKS,
) -> Examples:
    """Encode the pictures, their mirror images and, if wanted, their recoloured variants, with all captions.

    Each picture is a subject. With `looks`, which name the look of each style in one word, all pictures of one name are
    a subject: captions without a look have the views of all of them, and captions with it those of that style.
    """
    gathered = Gathered(Captions(pictures))
    painted = map_in_threads(lambda number: recolour_all(pixels[number], others=recoloured), range(len(pictures)))
    order = sorted(range(len(pictures)), key=lambda number: pictures[number].name) if looks else range(len(pictures))
    subjects = [
        gathered.add(
            [Painted.see(pictures[number], pixels[number], number, *painted[number]) for number in numbers], looks
        )
        for _, numbers in groupby(order, key=lambda number: pictures[number].name if looks else number)
    ]
    return Examples(
        latents=encode_pictures(gathered.views, model, learning),
        conditions=encode_texts(list(gathered.texts), model, learning),
        subjects=subjects,
        no_caption=gathered.texts[NO_CAPTION],
        side=pixels.shape[1],
    )


class Gathered:
    """The views and the captions of all subjects, each once."""

    def __init__(self, captions: Captions) -> None:
        self._captions = captions
        self.texts = {NO_CAPTION: 0}
        self.views: list[Pixels] = []
        self._places: dict[int, int] = {}

    def add(self, painted: Sequence[Painted], looks: Mapping[str, str]) -> Subject:
        """Add the pictures of a subject."""
        picture = painted[0].picture
        plain = self._captions.list_plain(picture)
        if (mains := {each.main for each in painted}) == {painted[0].main} and painted[0].main:
            # Twice, because most prompts have no colour.
            plain = plain * 2 + self._captions.list_coloured(picture, painted[0].main)
        colours = {
            colour: [each for each in painted if colour in each.colours or (colour == each.main and len(mains) > 1)]
            for colour in dict.fromkeys(colour for each in painted for colour in (*each.colours, each.main) if colour)
        }
        return Subject(
            plain=self._choose([(each, each.views) for each in painted], plain, looks, NAMED),
            recoloured=[
                variant
                for colour, some in colours.items()
                if some
                for variant in self._choose(
                    [(each, each.colours.get(colour, each.views)) for each in some],
                    self._captions.list_coloured(picture, colour),
                    looks,
                    COLOURED_NAMED,
                )
            ],
        )

    def _choose(
        self, seen: Sequence[tuple[Painted, list[Pixels]]], words: Sequence[str], looks: Mapping[str, str], most: int
    ) -> list[Variant]:
        """Return the variant of all views, and one for each look, with at most so many captions, which name it. Half of
        the draws do.
        """
        every = self._variant([view for _, views in seen for view in views], words)
        named = [
            self._variant(views, [f"{text}, {looks[each.picture.style]}" for text in dict.fromkeys(words)][:most])
            for each, views in seen
            if looks
        ]
        return [every] * max(1, len(named)) + named

    def _variant(self, views: Sequence[Pixels], words: Iterable[str]) -> Variant:
        return Variant(
            latents=[self._place(view) for view in views],
            captions=[self.texts.setdefault(text, len(self.texts)) for text in words],
        )

    def _place(self, view: Pixels) -> int:
        if id(view) not in self._places:
            self._places[id(view)] = len(self.views)
            self.views.append(view)  # which keeps its id its own
        return self._places[id(view)]


def encode_pictures(views: Sequence[Pixels], model: Any, learning: Learning) -> Tensor:
    """Return latents of RGBA pictures on white, in the layout of the scheduler's steps."""
    side = views[0].shape[0]
    at_once = max(1, PIXELS_AT_ONCE // side**2)

    @torch.no_grad()
    def some(first: int) -> Tensor:
        rgba = torch.from_numpy(np.stack(views[first : first + at_once])).to(model.device)
        rgba = rgba.permute(0, 3, 1, 2).float().div(255)
        composed = rgba[:, :3] * rgba[:, 3:] + (1 - rgba[:, 3:])
        latents = learning.encode_pictures(model, (composed * 2 - 1).to(model.vae.dtype))
        return latents.half().cpu()

    return torch.cat(map_in_threads(some, range(0, len(views), at_once), count_threads(model))).contiguous()


def encode_texts(texts: Sequence[str], model: Any, learning: Learning) -> dict[str, Tensor]:
    """Return the captions as the denoising network gets them, exactly as the pipeline encodes a prompt."""

    @torch.no_grad()
    def some(first: int) -> dict[str, Tensor]:
        encoded = learning.encode_prompts(model, list(texts[first : first + learning.prompts_at_once]))
        return {name: narrow(tensor).cpu() for name, tensor in encoded.items()}

    # In one thread: a call of a tokenizer changes its padding for all threads.
    parts = map_in_threads(some, range(0, len(texts), learning.prompts_at_once), 1)
    return {name: join([part[name] for part in parts]) for name in parts[0]}


def join(parts: Sequence[Tensor]) -> Tensor:
    """Return the captions of all parts in one tensor, with zeros after those with fewer tokens."""
    if parts[0].dim() == 1 or len({part.shape[1] for part in parts}) == 1:
        return torch.cat(list(parts)).contiguous()
    rows = [row for part in parts for row in part]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def narrow(tensor: Tensor) -> Tensor:
    """Return numbers in 16 bits. Those of an encoder in bfloat16 may exceed the range of float16."""
    return tensor.half() if tensor.dtype == torch.float32 else tensor


def count_threads(model: Any) -> int:
    """Return how many threads can use the model in parallel. A GPU has memory for one."""
    return 1 if model.device.type == "cuda" else os.cpu_count() or 1


def map_in_threads(work: Callable[[int], Any], numbers: Sequence[int], count: int | None = None) -> list[Any]:
    """Return the results in order. Each call uses one torch thread, so its bits do not depend on the machine."""
    with open_threads(count or os.cpu_count() or 1) as threads:
        return list(threads.map(work, numbers))
