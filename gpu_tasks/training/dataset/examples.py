"""Examples of captioned pictures, encoded once: latents of all variants of a picture, and all captions."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from craftspark.errors.training import DiskTooSmall
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.learning import Learning
from gpu_tasks.training.checkpoint import PARTIAL, commit_file
from gpu_tasks.training.dataset.captions import Captions, remove_colour
from gpu_tasks.training.dataset.colours import PAINTS, find_dominant_colour, recolour
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.loop import generator_at, open_threads

PIXELS_AT_ONCE = 32 * 128 * 128
CONDITION = "condition."  # before the names of encoded captions in the file
NO_CAPTION = ""
VIEWS_SEED = 11
MOVED_VIEWS, UPRIGHT_WEIGHT, MIRRORED_WEIGHT = 4, 3, 3  # a transformed view has the weight 1
TURN, SCALES, SHIFT = 10, (0.85, 1.0), 0.04  # degrees, of the size, of the side


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A picture or a recoloured copy: indexes of its latents and of its captions. Every caption fits every latent."""

    latents: list[int]
    captions: list[int]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A picture with its recoloured variants."""

    original: Variant
    recoloured: list[Variant]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Latents (variants, ...) and encoded captions by name, (captions, ...), numbers in 16 bits. The pictures have
    `side` x `side` pixels.
    """

    latents: Tensor
    conditions: dict[str, Tensor]
    subjects: list[Subject]
    no_caption: int
    side: int

    @property
    def captions(self) -> int:
        """The number of captions."""
        return len(next(iter(self.conditions.values())))

    @classmethod
    def load_or_encode(
        cls,
        path: Path,
        pictures: Sequence[CaptionedPicture],
        pixels: Pixels,
        model: Any,
        learning: Learning,
        *,
        recoloured: bool = True,
    ) -> Examples:
        """Load the examples from the file, or encode and write them. The run's recipe guarantees that the file is the
        same. Raises DiskTooSmall.
        """
        if not path.exists():
            encode(pictures, pixels, model, learning, recoloured=recoloured).save(path)
        return cls.open(path)

    def save(self, path: Path) -> None:
        """Write the file atomically. Raises DiskTooSmall."""
        tensors = {"latents": self.latents, **{f"{CONDITION}{name}": each for name, each in self.conditions.items()}}
        needed = sum(tensor.nbytes for tensor in tensors.values())
        if (free := shutil.disk_usage(path.parent).free) < needed:
            raise DiskTooSmall(f"{path.parent} needs {needed >> 20} MiB for the encoded pictures and has {free >> 20}")
        subjects = [asdict(subject) for subject in self.subjects]
        plan = {"no_caption": self.no_caption, "side": self.side, "subjects": subjects}
        partial = path.with_suffix(PARTIAL)
        save_file(tensors, partial, metadata={"plan": json.dumps(plan)})
        commit_file(partial, path)

    @classmethod
    def open(cls, path: Path) -> Examples:
        """Read a file that `save` wrote."""
        with safe_open(path, "pt") as file:
            plan = json.loads(file.metadata()["plan"])
            names = [name for name in file.keys() if name.startswith(CONDITION)]  # noqa: SIM118 - no mapping
            return cls(
                latents=file.get_tensor("latents"),
                conditions={name.removeprefix(CONDITION): file.get_tensor(name) for name in names},
                subjects=[
                    Subject(
                        original=Variant(**subject["original"]),
                        recoloured=[Variant(**variant) for variant in subject["recoloured"]],
                    )
                    for subject in plan["subjects"]
                ],
                no_caption=plan["no_caption"],
                side=plan["side"],
            )

    def draw(
        self, seed: int, step: int, batch: int, *, recoloured: float, dropout: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a step's latents and encoded captions, numbers in float32.

        Subjects come in shuffled rounds, so that all are equally frequent. Variant and caption are random.
        """
        chance = torch.rand((batch, 4), generator=generator_at(seed, "draw", step)).tolist()
        latents, captions = [], []
        for number, (paint, which, caption, drop) in enumerate(chance):
            subject = self.subjects[self.choose_subject(seed, step * batch + number)]
            variant = subject.original
            if subject.recoloured and paint < recoloured:
                variant = subject.recoloured[int(paint / recoloured * len(subject.recoloured))]
            latents.append(variant.latents[int(which * len(variant.latents))])
            kept = drop >= dropout
            captions.append(variant.captions[int(caption * len(variant.captions))] if kept else self.no_caption)
        conditions = {name: widen(tensor[captions]) for name, tensor in self.conditions.items()}
        return self.latents[latents].float(), conditions

    def choose_subject(self, seed: int, place: int) -> int:
        """Return the subject at a place in the endless sequence of shuffled rounds."""
        round_, within = divmod(place, len(self.subjects))
        return int(torch.randperm(len(self.subjects), generator=generator_at(seed, "round", round_))[within])


def encode(
    pictures: Sequence[CaptionedPicture], pixels: Pixels, model: Any, learning: Learning, *, recoloured: bool = True
) -> Examples:
    """Encode the pictures, their mirror images and, if wanted, their recoloured variants, with all captions."""
    captions = Captions(pictures)
    texts = {NO_CAPTION: 0}
    views: list[Pixels] = []

    def variant(seen: Iterable[Pixels], words: Iterable[str]) -> Variant:
        first = len(views)
        views.extend(seen)
        return Variant(
            latents=list(range(first, len(views))), captions=[texts.setdefault(text, len(texts)) for text in words]
        )

    subjects = []
    painted_all = map_in_threads(lambda number: recolour_all(pixels[number]), range(len(pictures)))
    for number, (picture, image) in enumerate(zip(pictures, pixels, strict=True)):
        main, paints = painted_all[number]
        # Plain captions appear twice, because most prompts have no colour. A view and its mirror image
        # are equally frequent.
        paintable = remove_colour(picture.name) != ""
        words = captions.list_plain(picture) * 2 + (captions.list_coloured(picture, main) if paintable else [])
        draws = np.random.default_rng([VIEWS_SEED, number])
        original = variant([image, image[:, ::-1], *(transform_view(image, draws) for _ in range(MOVED_VIEWS))], words)
        upright, mirrored, *others_seen = original.latents
        weighted = [*[upright] * UPRIGHT_WEIGHT, *[mirrored] * MIRRORED_WEIGHT, *others_seen]
        original = Variant(latents=weighted, captions=original.captions)
        others = [
            variant([painted[:, ::-1] if (number + order) % 2 else painted], captions.list_coloured(picture, colour))
            for order, (colour, painted) in enumerate(paints.items())
            if paintable and recoloured
        ]
        subjects.append(Subject(original=original, recoloured=others))
    return Examples(
        latents=encode_pictures(views, model, learning),
        conditions=encode_texts(list(texts), model, learning),
        subjects=subjects,
        no_caption=texts[NO_CAPTION],
        side=pixels.shape[1],
    )


def recolour_all(image: Pixels) -> tuple[str, dict[str, Pixels]]:
    """Return the picture's colour, and the picture in each other possible colour."""
    main, _ = find_dominant_colour(image)
    painted = {colour: recolour(image, colour) for colour in PAINTS if colour != main}
    return main, {colour: picture for colour, picture in painted.items() if picture is not None}


def transform_view(image: Pixels, draws: np.random.Generator) -> Pixels:
    """Rotate, scale and shift an RGBA picture slightly, so that seeds give different compositions."""
    side = image.shape[0]
    turn = math.radians(draws.uniform(-TURN, TURN))
    scale, mirror = draws.uniform(*SCALES), draws.choice([-1, 1])
    shift = draws.uniform(-SHIFT, SHIFT, 2) * side
    cosine, sine = math.cos(turn) / scale, math.sin(turn) / scale
    matrix = np.array([[cosine * mirror, sine * mirror], [-sine, cosine]])
    middle = np.full(2, (side - 1) / 2)
    offset = middle - matrix @ (middle + shift)
    data = (*matrix[0], offset[0], *matrix[1], offset[1])
    # Premultiplied, so that the colour of clear pixels does not bleed into the edges.
    seen = Image.fromarray(image).convert("RGBa")
    return np.asarray(
        seen.transform((side, side), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC).convert("RGBA")
    )


def encode_pictures(views: Sequence[Pixels], model: Any, learning: Learning) -> Tensor:
    """Return latents of RGBA pictures on white, in the layout of the scheduler's steps."""
    side = views[0].shape[0]
    at_once = max(1, PIXELS_AT_ONCE // side**2)

    @torch.no_grad()
    def some(first: int) -> Tensor:
        rgba = torch.from_numpy(np.stack(views[first : first + at_once])).permute(0, 3, 1, 2).float().div(255)
        composed = rgba[:, :3] * rgba[:, 3:] + (1 - rgba[:, 3:])
        latents = learning.encode_pictures(model, (composed * 2 - 1).to(model.device, model.vae.dtype))
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


def widen(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def count_threads(model: Any) -> int:
    """Return how many threads can use the model in parallel. A GPU has memory for one."""
    return 1 if model.device.type == "cuda" else os.cpu_count() or 1


def map_in_threads(work: Callable[[int], Any], numbers: Sequence[int], count: int | None = None) -> list[Any]:
    """Return the results in order. Each call uses one torch thread, so its bits do not depend on the machine."""
    with open_threads(count or os.cpu_count() or 1) as threads:
        return list(threads.map(work, numbers))
