"""The memory of an upscale to 4096 x 4096 pixels, in addition to that of the model."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.entries import Entry
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler

SIDE, FACTOR = 1024, 4
GIB = 1024**3


def measure() -> list[Entry]:
    """Measure in a separate process, because the recorded peak of a process never decreases."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tools.upscale_memory"], capture_output=True, text=True, check=True
    )
    over, model = (float(word) for word in done.stdout.split())
    entry = Entry(
        name="upscale_peak_gb",
        value=round(over / GIB, 3),
        goal=2,
        better="lower",
        unit="GiB",
        beside={"result": f"{SIDE * FACTOR} x {SIDE * FACTOR} with alpha", "process before": f"{model / GIB:.3f}"},
    )
    return [entry]


def read_memory(line: str) -> int:
    """The value of a line in `/proc/self/status`, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) * 1024 for each in lines if each.startswith(line))


def main() -> None:
    upscaler = Upscaler.open(BUILT_IN / "craftspark-upscaler-x4")
    upscaler.upscale(np.zeros((64, 64, 3), np.uint8), FACTOR)  # the libraries' buffers count as memory of the model
    picture = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 4), np.uint8)
    before = read_memory("VmRSS")
    upscaler.upscale(picture, FACTOR)
    print(read_memory("VmHWM") - before, before)


if __name__ == "__main__":
    main()
