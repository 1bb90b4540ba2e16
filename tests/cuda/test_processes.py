"""What a fresh process shows: the memory of the host while a model loads, and the compiler's cache on a disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.entries import Entry
from gpu_tasks.inference.acceleration import COMPILER_CACHE
from gpu_tasks.inference.manifests import write_manifest
from tests.cuda.shapes import HALF, build, choose_shape


def run(module: str, *arguments: str) -> dict[str, Any]:
    """The JSON that a program prints last. Without the environment's cache of compiled kernels."""
    environment = {name: value for name, value in os.environ.items() if name != COMPILER_CACHE}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    printed: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return printed


def test_weights_go_straight_to_the_device(tmp_path: Path, device: str, record: Callable[[Entry], None]) -> None:
    pipeline = build(choose_shape(HALF, device), device)
    expected = float(pipeline.unet.conv_in.weight.float().sum())
    pipeline.save_pretrained(tmp_path / "model")
    write_manifest(tmp_path / "model")
    size = sum(path.stat().st_size for path in (tmp_path / "model").rglob("*.safetensors"))
    del pipeline

    through, straight = (
        run("tests.cuda.load_run", str(tmp_path / "model"), device, way) for way in ("cpu", "straight")
    )

    record(
        Entry(
            name="load_straight_to_the_device",
            value=straight["seconds"],
            goal=None,
            better="lower",
            unit="s",
            beside={"straight": straight, "through_the_cpu": through, "weights_gib": round(size / 2**30, 2)},
        )
    )
    for loaded in (through, straight):
        assert abs(loaded["sum"] - expected) < 1e-2
        assert loaded["device"].startswith(device)


def test_another_process_uses_the_compiled_kernels_and_draws_the_same(
    tmp_path: Path, device: str, record: Callable[[Entry], None]
) -> None:
    cold = run("tests.cuda.compiled_run", device, str(tmp_path / "cache"))
    written = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    warm = run("tests.cuda.compiled_run", device, str(tmp_path / "cache"))

    record(
        Entry(
            name="first_picture_with_a_filled_compiler_cache",
            value=round(warm["first_s"], 2),
            goal=None,
            better="lower",
            unit="s",
            beside={"cold": cold, "warm": warm, "files": len(written)},
        )
    )
    assert written
    assert warm["sha256"] == cold["sha256"]
