"""Whether a drawing shows what its prompt names, for a model that comes with the list of its subjects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from craftspark.errors import ModelUnavailable
from craftspark.likeness.parts import list_parts
from gpu_tasks.images.drawing import Drawing, Flaw
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.encoders.likeness import LIKENESS, Likeness
from gpu_tasks.inference.model_store import BUILT_IN

SUBJECTS = "subjects.json"  # in a model's folder: the words for each subject, by its name
FIRST = 5  # a drawing shows a subject if its name is among so many that are nearest to it
LEAST_LIKENESS = 0.2  # of a drawing and words that name no subject
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "grey", "white")


@dataclass(frozen=True)
class Vocabulary:
    """The subjects of a model, and the words that name each."""

    words: Mapping[str, Sequence[str]]

    @property
    def names(self) -> list[str]:
        """The names of all subjects."""
        return list(self.words)

    def find(self, prompt: str) -> list[str]:
        """Return the subjects that a prompt names, in its order. Of overlapping words, the longest count: "house with
        garden" is not also a house.
        """
        subjects = self._by_word
        longest = max(len(word.split()) for word in subjects)
        said = re.findall(r"[\w'-]+", prompt.lower())
        found: list[str] = []
        place = 0
        while place < len(said):
            for length in range(min(longest, len(said) - place), 0, -1):
                words = " ".join(said[place : place + length])
                subject = next((subjects[form] for form in list_forms(words) if form in subjects), None)
                if subject:
                    found.append(subject)
                    place += length - 1
                    break
            place += 1
        return list(dict.fromkeys(found))

    @cached_property
    def _by_word(self) -> dict[str, str]:
        # A name belongs to its own subject, and another word to the first that lists it.
        listed = {word: name for name, words in reversed(list(self.words.items())) for word in reversed(words)}
        return listed | {name: name for name in self.words}


def list_forms(words: str) -> tuple[str, ...]:
    """Return words as they are, and without the ending of a plural."""
    return words, words.removesuffix("s"), words.removesuffix("es")


def remove_colours(pixels: Pixels) -> Pixels:
    """Return a picture (height, width, 3) in grey, (1, height, width, 3): a subject in another colour than its own is
    known by its shape.
    """
    grey = pixels[..., :3].mean(-1, keepdims=True).round().astype(np.uint8)
    return np.repeat(grey, 3, -1)[None]


class SubjectCheck:
    """Compares drawings with their prompts. Each takes a few milliseconds on a CPU."""

    def __init__(self, vocabulary: Vocabulary, encoder: Likeness) -> None:
        self._vocabulary = vocabulary
        self._encoder = encoder
        self._places = cache(self._embed_subjects)

    @classmethod
    def of_model(cls, folder: Path) -> SubjectCheck | None:
        """Return the check of a model folder, or None if it does not list its subjects. Raises ModelUnavailable if the
        likeness encoder does not belong to its text encoder.
        """
        try:
            words = json.loads((folder / SUBJECTS).read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ModelUnavailable(f"{folder / SUBJECTS} is not a JSON object: {error}") from None
        check = cls(Vocabulary(words), Likeness.open(BUILT_IN / LIKENESS, folder))
        check._places("")  # now, not during the first wave
        return check

    def judge(self, drawing: Drawing, prompt: str) -> Drawing:
        """Add the score `likeness` to a drawing, and a flaw if it has none and does not show what the prompt names.

        The score is the cosine of the drawing with the subject's name, or with the whole prompt if it names none. With
        several subjects, it is the lowest one.
        """
        if drawing.flaw:
            return drawing
        [seen] = self._encoder.embed_pictures(drawing.pixels[None, ..., :3])
        subjects = self._vocabulary.find(prompt)
        if subjects:
            colour = next((word for word in prompt.lower().split() if word in COLOURS), "")
            forms = torch.stack(
                [seen, *(self._encoder.embed_pictures(remove_colours(drawing.pixels)) if colour else ())]
            )
            likeness, flaw = self._compare(forms, colour, subjects)
        else:
            likeness, flaw = self._compare_words(seen, prompt)
        return replace(drawing, scores={**drawing.scores, "likeness": round(likeness, 3)}, flaw=flaw)

    def _compare(self, forms: Tensor, colour: str, subjects: Sequence[str]) -> tuple[float, Flaw | None]:
        """Compare forms of a picture (1 or 2, dimension) with all subjects. The form and the words count in which the
        subject is nearest.
        """
        cosines = torch.einsum("wsd,fd->wfs", self._places(colour), forms).flatten(0, 1)
        own = cosines[:, [self._vocabulary.names.index(subject) for subject in subjects]]
        ranks = (cosines[:, None] > own[..., None]).sum(-1).amin(0).add(1).tolist()
        missing = [subject for subject, rank in zip(subjects, ranks, strict=True) if rank > FIRST]
        likeness = float(own.amax(0).min())
        if not missing:
            return likeness, None
        reason = f"it may not show {' and '.join(missing)}"
        # A small model draws one object, so another seed does not add a second one.
        return likeness, Flaw(
            reason=reason,
            severity=max(ranks) / cosines.shape[-1],
            redrawn=len(missing) == len(subjects),
            subject_missing=True,
        )

    def _compare_words(self, seen: Tensor, prompt: str) -> tuple[float, Flaw | None]:
        likeness = float((self._encoder.embed_texts(list_parts(prompt)) @ seen).max())
        if likeness >= LEAST_LIKENESS:
            return likeness, None
        reason = "it may not show what was asked for: the model knows no subject of this name"
        return likeness, Flaw(reason=reason, severity=1 - likeness, redrawn=False, subject_missing=True)

    def _embed_subjects(self, colour: str) -> Tensor:
        """Return the vectors of all subjects (1 or 2, subjects, dimension): of their names, and in a colour."""
        names = self._vocabulary.names
        texts = [names, [f"{colour} {name}" for name in names]] if colour else [names]
        vectors: Tensor = self._encoder.embed_texts([text for group in texts for text in group])
        return vectors.view(len(texts), len(names), -1)
