"""A tiny model of every family in float16 and in bfloat16: all of its capabilities, twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from craftspark.models.capabilities import Capability
from craftspark.models.model import DType, Model
from craftspark.settings.tasks import WorkerSettings
from craftspark.tools.request import sides
from gpu_tasks.inference import model_store
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.families import DRAWING
from gpu_tasks.inference.model_store import load_pipeline
from tests.gpu.models.test_families import ENTRIES, diffusion_of
from tests.gpu.tiny_models import save

SUBJECTS = {"apple": 7, "a boat on a lake": 8}  # with their seeds


@pytest.fixture
def load(tmp_path: Path, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Loads the tiny model of an entry as a worker on the device does."""

    def load(entry: Model) -> Any:
        save(entry.name, tmp_path / "model")
        monkeypatch.setattr(model_store, "locate", lambda *_: tmp_path / "model")
        return load_pipeline(entry, settings)

    return load


def sketch_for(capability: Capability, entry: Model, prompt: str, seed: int) -> Sketch:
    width, height = sides(entry.default_size)
    ramp = np.linspace(0, 255, height * width * 3).reshape(height, width, 3).astype(np.uint8)
    half = np.zeros((height, width), np.uint8)
    half[:, width // 2 :] = 1
    return Sketch(
        prompt=prompt,
        negative_prompt="",
        seed=seed,
        start=None if capability == "draw" else ramp,
        unknown=half if capability == "repaint" else None,
    )


def draw(diffusion: Diffusion, capability: Capability, *prompts: str) -> list[bytes]:
    """The bytes of a drawing for each prompt. Each is finite and has the size of the entry."""
    entry = diffusion.model
    settings = DrawingSettings(
        size=sides(entry.default_size),
        steps=entry.default_steps,
        guidance=entry.guidance.default,
        strength=None if capability == "draw" else 1.0,
    )
    sketches = [sketch_for(capability, entry, prompt, SUBJECTS[prompt]) for prompt in prompts]
    drawn = []
    for pixels in diffusion.draw(sketches, settings, lambda _: None):
        assert pixels is not None, f"{capability}: numbers are not finite"
        assert pixels.shape == (*reversed(settings.size), 3)
        drawn.append(pixels.tobytes())
    return drawn


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ENTRIES)
def test_a_family_draws_the_same_again_alone_and_beside_another(name: str, dtype: DType, load: Any) -> None:
    entry = replace(ENTRIES[name], dtype=dtype)
    diffusion = diffusion_of(load(entry), entry)
    for capability in DRAWING:
        if capability not in entry.capabilities:
            continue

        together = draw(diffusion, capability, *SUBJECTS)
        again = draw(diffusion, capability, *SUBJECTS)
        [alone] = draw(diffusion, capability, list(SUBJECTS)[1])

        assert again == together
        assert alone == together[1]
        assert together[0] != together[1]
