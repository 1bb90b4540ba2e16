"""A style of every family, trained on a GPU: frozen transformers in bfloat16, parts one after another, layers computed
again for the gradient.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from craftspark.models.catalogue import CATALOGUE
from craftspark.models.model import Model
from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import model_store
from gpu_tasks.inference.adapters import AdapterCache, hash_denoiser
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.families import find_family
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.training.styles import base
from tests.gpu.tiny_models import save
from tests.gpu.training.test_family_styles import TRAINABLE, catalogue, data, train  # noqa: F401 - fixtures
from tests.gpu.training.test_learning import LEARNERS

SKETCH = Sketch(prompt="red ball", negative_prompt="", seed=3)


def serve(entry: Model, folder: Path, settings: WorkerSettings) -> Callable[[Path | None], Pixels]:
    """Load the model as a worker on the device does. Returns what draws with a style."""
    component = find_family(entry.family).denoiser
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(model_store, "locate", lambda *_: folder)
        pipeline = load_pipeline(entry, settings)
    adapters = AdapterCache(getattr(pipeline, component), hash_denoiser(folder, component), Path, component=component)
    diffusion = Diffusion(pipeline, entry, adapters)

    def draw(style: Path | None) -> Pixels:
        asked = DrawingSettings(
            size=(64, 64), steps=2, guidance=entry.guidance.default, adapter=None if style is None else str(style)
        )
        [pixels] = diffusion.draw([SKETCH], asked, lambda _share: None)
        assert pixels is not None
        return pixels

    return draw


@pytest.mark.parametrize("name", LEARNERS)
def test_a_style_trained_on_the_device_draws_there_and_leaves_no_trace(
    name: str,
    data: Path,  # noqa: F811 - a fixture
    device: str,
    settings: WorkerSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = TRAINABLE[name]
    entry = replace(entry, dtype="float16" if find_family(entry.family).denoiser == "unet" else "bfloat16")
    monkeypatch.setitem(CATALOGUE, name, entry)
    monkeypatch.setattr(base, "GPU_PIXELS", 64 * 64)  # one picture in each part, as with pictures of a megapixel
    folder = save(name, tmp_path / "model")

    one, other = (
        train(name, folder, data, tmp_path / str(seed), seed=seed, device=device, parts=None) for seed in (1, 2)
    )
    draw = serve(entry, folder, settings)
    drawn = [draw(style) for style in (None, one, other, None, one, other)]

    for first, again in zip(drawn[:3], drawn[3:], strict=True):
        np.testing.assert_array_equal(first, again)
    assert all((left != right).any() for left, right in itertools.combinations(drawn[:3], 2))
