"""A program that loads a model folder and prints the seconds and the most memory of the host that this took, as JSON.

Another process that loaded before would leave its memory, so each way to load has its own.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import torch

from gpu_tasks.inference.manifests import check
from gpu_tasks.inference.model_store import open_pipeline
from tests.cuda.timing import GIB, time_once


def main(folder: Path, device: str, way: str) -> None:
    torch.zeros(1, device=device)  # the context of the device takes memory and time in every way
    before = peak_gib()
    hash_s, _ = time_once(lambda: check(folder), device)
    if way == "straight":
        seconds, pipeline = time_once(lambda: open_pipeline(folder, torch.float16, device=device), device)
    else:
        seconds, pipeline = time_once(lambda: open_pipeline(folder, torch.float16).to(device), device)
    print(
        json.dumps(
            {
                "seconds": round(seconds - hash_s, 3),
                "hash_s": round(hash_s, 3),
                "host_gib": round(peak_gib() - before, 2),
                "sum": float(pipeline.unet.conv_in.weight.float().sum()),
                "device": str(pipeline.unet.device),
            }
        )
    )


def peak_gib() -> float:
    """The most memory that this process had so far. Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
