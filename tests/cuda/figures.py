"""The file of figures that the tests on a GPU write."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

FIGURE = "figure"
PACKAGES = ("torch", "triton", "diffusers", "transformers", "accelerate", "peft", "safetensors")
LONGEST_REASON = 2000  # characters of a failure


class FigureFile:
    """Writes the figures and the outcome of each test after the test, so that an ended run leaves what it has.

    Tests of an earlier run stay in the file, because one run of `make gpu` has several processes one after the other.
    """

    def __init__(self, path: Path, device: str) -> None:
        self._path = path
        self._contents: dict[str, Any] = {"tests": {}, "figures": {}}
        if path.exists():
            self._contents |= json.loads(path.read_text())
        self._contents |= describe_machine(device)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        outcome: dict[str, Any] = {"outcome": report.outcome, "seconds": round(report.duration, 2)}
        if report.failed:
            outcome["reason"] = report.longreprtext[-LONGEST_REASON:]
        self._contents["tests"][report.nodeid] = outcome
        for name, figure in report.user_properties:
            if name == FIGURE and isinstance(figure, dict):
                self._contents["figures"][figure.pop("name")] = {k: v for k, v in figure.items() if v not in ((), {})}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._contents, indent=1) + "\n")


def describe_machine(device: str) -> dict[str, Any]:
    """Return the device and the versions that figures depend on."""
    machine: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()} CPU",
        "versions": {"python": platform.python_version(), **dict(filter(None, map(find_version, PACKAGES)))},
    }
    if device == "cuda":
        machine["gpu_memory_gib"] = round(torch.cuda.get_device_properties(0).total_memory / 2**30, 1)
        machine["versions"] |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}  # type: ignore[no-untyped-call]
    return machine


def find_version(package: str) -> tuple[str, str] | None:
    """Return the package with its version, or None if it is not installed."""
    try:
        return package, metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
