"""Seconds and memory of work on a device."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The first run, the median of the following ones, and the most memory that PyTorch used in them."""

    first_s: float
    seconds: float
    peak_gib: float
    result: Any


def measure(work: Callable[[], Any], device: str, rounds: int = 3) -> Measured:
    """Run the work once and then several times."""
    first_s, result = time_once(work, device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    times = [time_once(work, device)[0] for _ in range(rounds)]
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else 0
    return Measured(first_s=first_s, seconds=median(times), peak_gib=peak / GIB, result=result)


def time_once(work: Callable[[], Any], device: str) -> tuple[float, Any]:
    """Return the seconds of the work with all of its kernels, and its result."""
    wait(device)
    start = time.perf_counter()
    result = work()
    wait(device)
    return time.perf_counter() - start, result


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
