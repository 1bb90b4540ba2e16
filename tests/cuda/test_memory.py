"""The memory of a GPU: what a model takes, it gives back."""

from __future__ import annotations

import gc
from collections.abc import Callable

import torch

from benchmarks.entries import Entry
from tests.cuda.shapes import HALF, build, choose_shape, diffusion_of, draw
from tests.cuda.timing import GIB

SLACK_GIB = 0.05  # cuBLAS keeps its workspace


def test_a_model_that_is_dropped_gives_its_memory_back(device: str, record: Callable[[Entry], None]) -> None:
    shape = choose_shape(HALF, device)
    first = diffusion_of(build(shape, device), shape)
    drawn = draw(first)
    alone = allocated(device)
    second = diffusion_of(build(shape, device), shape)
    assert draw(second) == drawn
    both = allocated(device)

    del second
    left = allocated(device)

    record(
        Entry(
            name="memory_left_by_a_dropped_model",
            value=round(left - alone, 3),
            goal=SLACK_GIB,
            better="lower",
            unit="GiB",
            beside={"one_gib": round(alone, 2), "two_gib": round(both, 2)},
        )
    )
    assert left - alone <= SLACK_GIB
    assert device == "cpu" or both > 1.9 * alone - SLACK_GIB
    assert draw(first) == drawn


def allocated(device: str) -> float:
    """GiB in use by tensors on the GPU."""
    gc.collect()
    if device == "cpu":
        return 0.0
    torch.cuda.empty_cache()
    return torch.cuda.memory_allocated() / GIB
