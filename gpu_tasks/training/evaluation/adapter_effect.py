"""The effect of an adapter, drawn and measured: the same prompts and seeds without and with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from craftspark.errors.training import SubjectsMissing
from craftspark.models.model import Model
from gpu_tasks.chunks import split_chunks
from gpu_tasks.images.pixels import Pixels, flatten_on_white
from gpu_tasks.inference.diffusion import Arguments, DrawingSettings, Sketch
from gpu_tasks.inference.encoders.likeness import Likeness
from gpu_tasks.inference.families import find_family
from gpu_tasks.training.dataset.dataset import Dataset
from gpu_tasks.training.evaluation.evaluate import reconstruct
from gpu_tasks.training.evaluation.grid import COLUMNS, PROMPTS, write_grid
from gpu_tasks.training.evaluation.style import StyleScale

SEED, STEPS = 1, 20
ROWS = 2  # of the grid, each without and with the adapter
AT_ONCE = 8  # prompts in one call, if the model draws several images in one
MAX_PROMPTS = 96  # the figures then have an error of about 5%
Figures = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EffectMeasurement:
    """The inputs of the measurement. `prompts` start with the adapter's word if there is one. `examples` and `ceilings`
    are pictures (N, height, width, 3) by style, of the first and the second half of the held-out subjects. The learned
    style is first.
    """

    subjects: Sequence[str]
    prompts: Sequence[str]
    likeness: Likeness | None
    examples: dict[str, Pixels]
    ceilings: dict[str, Pixels]

    @classmethod
    def prepare(
        cls, dataset: Dataset, learned: Dataset, held_out: Dataset, word: str | None, likeness: Likeness | None
    ) -> EffectMeasurement:
        """Prepare the measurement. Raises SubjectsMissing if there is no other style to compare with."""
        names = list(dict.fromkeys(picture.name for picture in held_out.pictures))
        half = len(names) // 2 if likeness else 0
        known, asked = names[:half], names[half:][:MAX_PROMPTS]
        subjects = asked if likeness else [*asked, *PROMPTS][: ROWS * COLUMNS]
        examples: dict[str, Pixels] = {}
        ceilings: dict[str, Pixels] = {}
        if likeness:
            own = learned.pictures[0].style
            for style in [own, *sorted({picture.style for picture in dataset.pictures} - {own})]:
                pictures = held_out if style == own else dataset.only(styles=[style])
                if set(known) | set(asked) <= {picture.name for picture in pictures.pictures}:
                    examples[style], ceilings[style] = (select_subjects(pictures, those) for those in (known, asked))
            if len(examples) < 2:
                raise SubjectsMissing("--likeness requires images of the held-out subjects in another style, in DATA")
        prompts = [f"{word}, {subject}" if word else subject for subject in subjects]
        return cls(subjects=subjects, prompts=prompts, likeness=likeness, examples=examples, ceilings=ceilings)

    def draw(self, model: Any, entry: Model, side: int) -> Pixels:
        """Draw one picture of `side` x `side` pixels for each prompt, as a worker draws with this catalogue entry."""
        family = find_family(entry.family)
        arguments = Arguments(entry, family, type(model))
        settings = DrawingSettings(
            size=(side, side),
            steps=min(max(STEPS, entry.min_steps), entry.max_steps),
            guidance=entry.guidance.default,
        )
        parts = []
        at_once = AT_ONCE if entry.wave_size > 1 else 1
        for call in split_chunks(self.prompts, at_once):
            filled = [*call, *[call[-1]] * (at_once - len(call))]  # equal calls round equally
            sketches = [Sketch(prompt=prompt, negative_prompt="", seed=SEED) for prompt in filled]
            drawn = model(**arguments.for_call(filled, sketches, settings, lambda _share: None)).images[: len(call)]
            parts.append(np.asarray(drawn.permute(0, 2, 3, 1).float().cpu() * 255).round().astype(np.uint8))
        return np.concatenate(parts)

    def figures(self, model: Any, before: Pixels, after: Pixels) -> Figures:
        """Return the shares of drawings that are most similar to each style, and how well they still show their
        subject.
        """
        if not self.likeness:
            return {}
        soft = {style: reconstruct(model, pictures) for style, pictures in self.examples.items()}
        scale = StyleScale.of(self.likeness, soft)
        own = next(iter(self.examples))
        of_words = self.likeness.embed_texts(self.prompts)
        return {
            "style": own,
            "prompts": len(self.prompts),
            "before": scale.shares(before),
            "after": scale.shares(after),
            "real_pictures": {
                style: scale.shares(reconstruct(model, pictures)) for style, pictures in self.ceilings.items()
            },
            "subject_cosine": {
                name: round((self.likeness.embed_pictures(pictures) * of_words).sum(-1).mean().item(), 4)
                for name, pictures in {"before": before, "after": after, "real": self.ceilings[own]}.items()
            },
        }

    def write(self, folder: Path, before: Pixels, after: Pixels) -> None:
        """Write the grid: each row without the adapter is followed by the same prompts with it."""
        shown = min(len(self.prompts) // COLUMNS, ROWS) * COLUMNS or len(self.prompts)
        rows = [
            drawings[first : first + COLUMNS]
            for first in range(0, shown, COLUMNS)
            for drawings in (before[:shown], after[:shown])
        ]
        blank = np.full_like(before[:1], 255)
        write_grid(
            np.concatenate([np.concatenate([row, *[blank] * (COLUMNS - len(row))]) for row in rows]),
            folder / "before-after.png",
        )


def select_subjects(dataset: Dataset, names: Sequence[str]) -> Pixels:
    """Return one picture for each name, in their order, on white."""
    by_name = {picture.name: picture for picture in dataset.pictures}
    return flatten_on_white(Dataset(dataset.folder, tuple(by_name[name] for name in names), dataset.size).pixels())
