"""What the UNet learns from, encoded once: latents of every variant of a picture, states of every caption."""

from __future__ import annotations

import json
import math
import os
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

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.training.checkpoint import PARTIAL, settle
from gpu_tasks.training.dataset.captions import Captions, without_colour
from gpu_tasks.training.dataset.colours import PAINTS, dominant_colour, recoloured
from gpu_tasks.training.dataset.picture import Picture
from gpu_tasks.training.loop import generator_at, side_by_side

AT_ONCE = 32
TEXTS_AT_ONCE = 256
NO_CAPTION = ""
VIEWS_SEED = 11
MOVED_VIEWS, UPRIGHT_WEIGHT, MIRRORED_WEIGHT = 3, 5, 2  # a moved view has the weight 1
TURN, SCALES, SHIFT = 10, (0.85, 1.0), 0.04  # degrees, of the size, of the side


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A picture as it is or recoloured: indexes of its latents and of its captions, any of which fit any."""

    latents: list[int]
    captions: list[int]


@dataclass(frozen=True, kw_only=True)
class Subject:
    original: Variant
    recoloured: list[Variant]


@dataclass(frozen=True)
class Examples:
    """Latents (variants, 4, height, width) and caption states (captions, tokens, width), both float16."""

    latents: Tensor
    states: Tensor
    subjects: list[Subject]
    no_caption: int

    @classmethod
    def cached(cls, path: Path, pictures: Sequence[Picture], pixels: Pixels, model: Any) -> Examples:
        """From the file where it is, else encoded and written there; the run's recipe vouches for its contents."""
        if not path.exists():
            encoded = encode(pictures, pixels, model)
            plan = {"no_caption": encoded.no_caption, "subjects": [asdict(subject) for subject in encoded.subjects]}
            partial = path.with_suffix(PARTIAL)
            save_file(
                {"latents": encoded.latents, "states": encoded.states}, partial, metadata={"plan": json.dumps(plan)}
            )
            settle(partial, path)
        with safe_open(path, "pt") as file:
            plan = json.loads(file.metadata()["plan"])
            return cls(
                file.get_tensor("latents"),
                file.get_tensor("states"),
                [
                    Subject(
                        original=Variant(**subject["original"]),
                        recoloured=[Variant(**variant) for variant in subject["recoloured"]],
                    )
                    for subject in plan["subjects"]
                ],
                plan["no_caption"],
            )

    def draw(self, seed: int, step: int, batch: int, *, recoloured: float, dropout: float) -> tuple[Tensor, Tensor]:
        """A step's latents and caption states, float32.

        The subjects come in shuffled rounds, so that each is seen equally often; variant and caption are drawn.
        """
        chance = torch.rand((batch, 4), generator=generator_at(seed, "draw", step)).tolist()
        latents, captions = [], []
        for number, (recolour, which, caption, drop) in enumerate(chance):
            subject = self.subjects[self.turn(seed, step * batch + number)]
            variant = subject.original
            if subject.recoloured and recolour < recoloured:
                variant = subject.recoloured[int(recolour / recoloured * len(subject.recoloured))]
            latents.append(variant.latents[int(which * len(variant.latents))])
            kept = drop >= dropout
            captions.append(variant.captions[int(caption * len(variant.captions))] if kept else self.no_caption)
        return self.latents[latents].float(), self.states[captions].float()

    def turn(self, seed: int, place: int) -> int:
        """The subject at a place of the endless row of shuffled rounds."""
        round_, within = divmod(place, len(self.subjects))
        return int(torch.randperm(len(self.subjects), generator=generator_at(seed, "round", round_))[within])


def encode(pictures: Sequence[Picture], pixels: Pixels, model: Any) -> Examples:
    """Encode the pictures, their mirror images and what they look like in other colours, with all their captions."""
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
    painted_all = in_threads(lambda number: paintings(pixels[number]), range(len(pictures)))
    for number, (picture, image) in enumerate(zip(pictures, pixels, strict=True)):
        main, paints = painted_all[number]
        # The plain captions stand twice: most people name no colour. The upright view outweighs all others.
        paintable = without_colour(picture.name) != ""
        words = captions.plain(picture) * 2 + (captions.coloured(picture, main) if paintable else [])
        draws = np.random.default_rng([VIEWS_SEED, number])
        original = variant([image, image[:, ::-1], *(moved(image, draws) for _ in range(MOVED_VIEWS))], words)
        upright, mirrored, *others_seen = original.latents
        weighted = [*[upright] * UPRIGHT_WEIGHT, *[mirrored] * MIRRORED_WEIGHT, *others_seen]
        original = Variant(latents=weighted, captions=original.captions)
        others = [
            variant([painted[:, ::-1] if (number + order) % 2 else painted], captions.coloured(picture, colour))
            for order, (colour, painted) in enumerate(paints.items())
            if paintable
        ]
        subjects.append(Subject(original=original, recoloured=others))
    return Examples(encoded_pictures(views, model), encoded_texts(list(texts), model), subjects, texts[NO_CAPTION])


def paintings(image: Pixels) -> tuple[str, dict[str, Pixels]]:
    """The picture's own colour, and the picture in every other that it can have."""
    main, _ = dominant_colour(image)
    painted = {colour: recoloured(image, colour) for colour in PAINTS if colour != main}
    return main, {colour: picture for colour, picture in painted.items() if picture is not None}


def moved(image: Pixels, draws: np.random.Generator) -> Pixels:
    """An RGBA picture turned, scaled and shifted a little, so that seeds vary more than an edge."""
    side = image.shape[0]
    turn = math.radians(draws.uniform(-TURN, TURN))
    scale, mirror = draws.uniform(*SCALES), draws.choice([-1, 1])
    shift = draws.uniform(-SHIFT, SHIFT, 2) * side
    cosine, sine = math.cos(turn) / scale, math.sin(turn) / scale
    matrix = np.array([[cosine * mirror, sine * mirror], [-sine, cosine]])
    middle = np.full(2, (side - 1) / 2)
    offset = middle - matrix @ (middle + shift)
    data = (*matrix[0], offset[0], *matrix[1], offset[1])
    # Premultiplied, or the hidden colour of clear pixels would bleed into the edges.
    seen = Image.fromarray(image).convert("RGBa")
    return np.asarray(
        seen.transform((side, side), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC).convert("RGBA")
    )


def encoded_pictures(views: Sequence[Pixels], model: Any) -> Tensor:
    """Latents of RGBA pictures on white ground, as the UNet sees them."""

    @torch.no_grad()
    def some(first: int) -> Tensor:
        rgba = torch.from_numpy(np.stack(views[first : first + AT_ONCE])).permute(0, 3, 1, 2).float().div(255)
        on_white = rgba[:, :3] * rgba[:, 3:] + (1 - rgba[:, 3:])
        latents: Tensor = model.vae.encode((on_white * 2 - 1).to(model.device)).latent_dist.mode()
        scaled: Tensor = latents * model.vae.config.scaling_factor
        return scaled.half().cpu()

    return torch.cat(in_threads(some, range(0, len(views), AT_ONCE))).contiguous()


def encoded_texts(texts: Sequence[str], model: Any) -> Tensor:
    """The text encoder's states, exactly as the pipeline makes them for a prompt."""

    @torch.no_grad()
    def some(first: int) -> Tensor:
        words = model.tokenizer(
            list(texts[first : first + TEXTS_AT_ONCE]),
            padding="max_length",
            truncation=True,
            max_length=model.tokenizer.model_max_length,
            return_tensors="pt",
        )
        states: Tensor = model.text_encoder(words.input_ids.to(model.device))[0]
        return states.half().cpu()

    return torch.cat(in_threads(some, range(0, len(texts), TEXTS_AT_ONCE))).contiguous()


def in_threads(work: Callable[[int], Any], numbers: Sequence[int]) -> list[Any]:
    """The results in order. Each piece of work has one thread of torch's, so its bits do not depend on the machine."""
    with side_by_side(os.cpu_count() or 1) as threads:
        return list(threads.map(work, numbers))
