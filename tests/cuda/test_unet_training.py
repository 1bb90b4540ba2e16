"""The built-in model's UNet, trained on a GPU: its steps are recorded, and the next batch is prepared ahead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_tasks.inference import model_store
from gpu_tasks.training.__main__ import DONE, main
from tests.gpu.conftest import data  # noqa: F401 - a fixture


def test_a_unet_that_is_trained_on_the_device_has_nearly_the_losses_of_a_cpu(
    device: str,
    data: Path,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gpu_tasks.training.networks.unet.PROMPTS", ("ball",))
    start = str(model_store.BUILT_IN / "craftspark-clipart-128")
    losses = []
    for number, place in enumerate(("cpu", device)):
        run = tmp_path / str(number)
        begin = ["unet", str(data), str(run), "--start", start, "--steps", "6", "--batch", "8", "--report-every", "1"]
        assert main([*begin, "--parts", "1", "--coupled", "--device", place]) == DONE
        losses.append([json.loads(line)["loss"] for line in (run / "metrics.jsonl").read_text().splitlines()])

    assert losses[0] == pytest.approx(losses[1], rel=0.05)
