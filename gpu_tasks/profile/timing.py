"""Times and memory of work on a device."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import torch

ROUNDS = 3
# No more rounds start after this time, in seconds.
PATIENCE_S = 15.0


class Clock:
    """Measures work on a device, `cpu` or `cuda`."""

    def __init__(self, device: str) -> None:
        self.device = device

    def time(self, work: Callable[[], Any]) -> tuple[float, Any]:
        """Return the seconds of the work, including what it started on the GPU, and its result."""
        self._wait()
        start = time.perf_counter()
        result = work()
        self._wait()
        return time.perf_counter() - start, result

    def median(self, work: Callable[[], Any]) -> float:
        """Return the median of several rounds, in seconds, after a first one that is not counted."""
        work()
        rounds: list[float] = []
        while len(rounds) < ROUNDS and sum(rounds) < PATIENCE_S:
            rounds.append(self.time(work)[0])
        return median(rounds)

    def forget_memory(self) -> None:
        """Measure the maximum of the memory from now on. On a CPU, that is not possible."""
        if self.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def peak_memory_gib(self) -> float:
        """Return the maximum memory: of the GPU, or of the process."""
        if self.device == "cuda":
            return torch.cuda.max_memory_reserved() / 2**30
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

    def _wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()


def describe_machine(device: str) -> str:
    """Return where and when this measures, for a record's `source`."""
    if device == "cuda":
        hardware = f"one {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
    else:
        hardware = f"a CPU, {_name_cpu()}, with {torch.get_num_threads()} of PyTorch's threads"
    return f"measured on {hardware}, PyTorch {torch.__version__.partition('+')[0]}, {datetime.now(UTC):%Y-%m-%d}"


def _name_cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def drop_from_cache(folder: Path) -> None:
    """Remove a folder's files from the system's cache of files, where it can, so that the next load reads the disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in (path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def round_to(value: float, digits: int = 3) -> float:
    """Round to this many significant digits."""
    return float(f"{value:.{digits}g}")
