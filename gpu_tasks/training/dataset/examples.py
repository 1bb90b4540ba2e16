"""Examples of captioned pictures: latents of all variants of a picture, and encoded captions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from craftspark.errors.training import DiskTooSmall
from gpu_tasks.training.checkpoint import PARTIAL, commit_file
from gpu_tasks.training.loop import generator_at

T = TypeVar("T")
CONDITION = "condition."  # before the names of encoded captions in the file


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A picture or a recoloured copy: indexes of its latents and of its captions. Every caption fits every latent."""

    latents: list[int]
    captions: list[int]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a caption names: the variants in the colours of its pictures, and those in each other colour."""

    plain: list[Variant]
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
    def load_or_make(cls, path: Path, make: Callable[[], Examples]) -> Examples:
        """Load the examples from the file, or make and write them. The run's recipe guarantees that the file is the
        same. Raises DiskTooSmall.
        """
        if not path.exists():
            make().save(path)
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
                        plain=[Variant(**variant) for variant in subject["plain"]],
                        recoloured=[Variant(**variant) for variant in subject["recoloured"]],
                    )
                    for subject in plan["subjects"]
                ],
                no_caption=plan["no_caption"],
                side=plan["side"],
            )

    def to(self, device: torch.device) -> Examples:
        """Return the examples with their tensors on a device."""
        conditions = {name: tensor.to(device) for name, tensor in self.conditions.items()}
        return replace(self, latents=self.latents.to(device), conditions=conditions)

    def draw(
        self, seed: int, step: int, batch: int, *, recoloured: float, dropout: float, noise: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a step's latents and encoded captions, numbers in float32.

        Subjects come in shuffled rounds, so that all are equally frequent. Variant and caption are random. So is the
        view, or the noise (batch, ...) chooses it: see `pair`.
        """
        chance = torch.rand((batch, 4), generator=generator_at(seed, "draw", step)).tolist()
        views, captions = [], []
        for number, (paint, which, caption, drop) in enumerate(chance):
            subject = self.subjects[self.choose_subject(seed, step * batch + number)]
            if subject.recoloured and paint < recoloured:
                variant = pick(subject.recoloured, paint / recoloured)
            else:
                variant = pick(subject.plain, (paint - recoloured) / (1 - recoloured) if subject.recoloured else paint)
            views.append([pick(variant.latents, which)] if noise is None else variant.latents)
            captions.append(pick(variant.captions, caption) if drop >= dropout else self.no_caption)
        conditions = {name: widen(tensor[captions]) for name, tensor in self.conditions.items()}
        return self.pair(views, noise), conditions

    def pair(self, views: Sequence[Sequence[int]], noise: Tensor | None) -> Tensor:
        """Return the latents of one of the views of each row. Without noise, each row has one.

        Otherwise the noise chooses the view in whose direction it points most, seen from the middle of the row's views.
        A network that is trained so draws one of the views from each noise, instead of a mixture of all, in few steps:
        the coupling of arXiv:2304.14772 and arXiv:2406.12303, within a caption. The views of a row are about equally
        frequent.
        """
        most = max(len(row) for row in views)
        rows = torch.tensor([[row[at % len(row)] for at in range(most)] for row in views])
        seen = self.latents[rows].float()
        if noise is None:
            return seen[:, 0]
        apart = (seen - seen.mean(1, keepdim=True)).flatten(2)
        towards = torch.einsum("nkd,nd->nk", nn.functional.normalize(apart, dim=2), noise.to(apart.device).flatten(1))
        return seen[torch.arange(len(seen)), towards.argmax(1)]

    def choose_subject(self, seed: int, place: int) -> int:
        """Return the subject at a place in the endless sequence of shuffled rounds."""
        round_, within = divmod(place, len(self.subjects))
        return shuffle(len(self.subjects), seed, round_)[within]


@lru_cache(maxsize=4)
def shuffle(count: int, seed: int, round_: int) -> list[int]:
    """Return the order of the subjects in a round."""
    order: list[int] = torch.randperm(count, generator=generator_at(seed, "round", round_)).tolist()
    return order


def pick(choices: Sequence[T], chance: float) -> T:
    """Return one of the choices, by a number from 0 to 1."""
    return choices[min(int(chance * len(choices)), len(choices) - 1)]


def widen(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
