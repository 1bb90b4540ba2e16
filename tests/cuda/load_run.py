"""A program that loads a model folder and prints the seconds and the most memory of the host that this took, as JSON.

Another process that loaded before would leave its memory, so each way to load has its own.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
from pathlib import Path

import torch

from gpu_tasks.inference.manifests import check
from gpu_tasks.inference.model_store import open_pipeline
from tests.cuda.timing import GIB, time_once


def main(folder: Path, device: str, way: str) -> None:
    torch.zeros(1, device=device)  # the context of the device takes memory and time in every way
    # A process hashes a file once, so the load after this reads only weights.
    hash_s, _ = time_once(lambda: check(folder), device)
    with Watched() as memory:
        if way == "straight":
            seconds, pipeline = time_once(lambda: open_pipeline(folder, torch.float16, device=device), device)
        else:
            seconds, pipeline = time_once(lambda: open_pipeline(folder, torch.float16).to(device), device)
    print(
        json.dumps(
            {
                "seconds": round(seconds, 3),
                "hash_s": round(hash_s, 3),
                "host_gib": round(memory.added_gib, 2),
                "sum": float(pipeline.unet.conv_in.weight.float().sum()),
                "device": str(pipeline.unet.device),
            }
        )
    )


class Watched:
    """Watches the memory of this process while a block runs. Not every kernel keeps the maximum itself."""

    def __enter__(self) -> Watched:
        self._before = self._most = resident_gib()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def added_gib(self) -> float:
        """The most memory in the block beyond that before it."""
        return self._most - self._before

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            self._most = max(self._most, resident_gib())


def resident_gib() -> float:
    """The memory of this process, with the pages of files that it has mapped."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / GIB


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
