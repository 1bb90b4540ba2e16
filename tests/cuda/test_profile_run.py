"""A profile run on the device of this machine, with what may make a model faster there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.entries import Entry
from gpu_tasks.inference.device import name_device
from gpu_tasks.profile.__main__ import main
from gpu_tasks.profile.accelerations import CANDIDATES
from tests.gpu.rendering import MODEL


def test_a_profile_is_measured_with_every_acceleration(
    tmp_path: Path, device: str, record: Callable[[Entry], None]
) -> None:
    table = tmp_path / "table.json"
    entry = replace(MODEL.on(name_device(device)), wave=1)

    assert main([MODEL.name, "--device", device, "--output", str(table)]) == 0

    measured = json.loads(table.read_text())
    profile = measured["records"][MODEL.name]
    assert measured["device"] == name_device(device)
    assert len(profile["accelerations"]) == 1 + len(CANDIDATES[device])
    assert not any("failure" in each for each in profile["accelerations"].values())
    assert profile["wave_size"] in profile["exact_wave_sizes"]
    record(
        Entry(
            name="profile_of_the_built_in_model",
            value=profile["image_s"]["draw"][MODEL.default_size]["1"],
            goal=2 * entry.drawing_s if entry.has_profile else None,
            better="lower",
            unit="s an image",
            beside=profile,
        )
    )
