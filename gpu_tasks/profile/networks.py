"""Measures the networks that enlarge pictures or find their object."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from craftspark.models.networks import Network
from craftspark.models.work import TILE
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.profile.timing import Clock, describe_machine, drop_from_cache, round_to

# The side of an upscaler's pictures in pixels, in tiles.
TILES = (1, 2)
MATTED_SIDE = 512


def measure_network(network: Network, folder: Path, device: str) -> dict[str, Any]:
    """Return the record of a network whose files are in a folder. Raises ModelUnavailable."""
    clock = Clock(device)
    torch.zeros(1, device=device)
    opened = _open_upscaler if network.does == "enlarge" else _open_matting
    drop_from_cache(folder)
    cold_s, _ = clock.time(lambda: opened(folder, device))
    clock.forget_memory()
    warm_s, loaded = clock.time(lambda: opened(folder, device))
    measure = _measure_upscaler if network.does == "enlarge" else _measure_matting
    return {
        "source": describe_machine(device),
        "load_s": {"cold": round_to(cold_s), "warm": round_to(warm_s)},
        **measure(loaded, clock),
        "peak_memory_gib": {"1": round_to(clock.peak_memory_gib())},
    }


def _open_upscaler(folder: Path, device: str) -> Upscaler:
    return Upscaler.open(folder, device=device)


def _open_matting(folder: Path, device: str) -> Any:
    from gpu_tasks.inference.matting import MattingNetwork  # needs ONNX Runtime, which the other records do not

    return MattingNetwork.open(folder, device=device)


def _measure_upscaler(upscaler: Upscaler, clock: Clock) -> dict[str, Any]:
    """Return the seconds of pictures by size, and of a megapixel of a large one with the surroundings of its tiles."""
    factor = upscaler.network.factor
    image_s: dict[str, float] = {}
    for tiles in TILES:
        side = tiles * TILE
        seconds = clock.median(partial(upscaler.upscale, make_picture(side), factor))
        image_s[f"{side}x{side}"] = round_to(seconds)
        megapixels = (tiles * (TILE + 2 * upscaler.network.reach)) ** 2 / 1e6
    return {
        "seconds": {"enlarge_s": round_to(seconds / megapixels)},
        "reach": upscaler.network.reach,
        "image_s": {"enlarge": {size: {"1": value} for size, value in image_s.items()}},
    }


def _measure_matting(matting: Any, clock: Clock) -> dict[str, Any]:
    seconds = round_to(clock.median(partial(matting.find_object, make_picture(MATTED_SIDE))))
    return {
        "seconds": {"matte_s": seconds},
        "image_s": {"cut": {f"{MATTED_SIDE}x{MATTED_SIDE}": {"1": seconds}}},
    }


def make_picture(side: int) -> Pixels:
    """Return a disc on white."""
    y, x = np.mgrid[:side, :side] / side
    pixels = np.full((side, side, 3), 255, np.uint8)
    pixels[np.hypot(x - 0.5, y - 0.5) < 0.3] = (221, 46, 68)
    return pixels
