"""The memory of the largest results of an upscale, in addition to that of the model."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.entries import Entry
from craftspark.tools.canvases import CANVASES, Canvas
from gpu_tasks.inference.enlarging import enlarge_into
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.inference.upscaler_networks import UpscalerConfig, UpscalerNetwork
from gpu_tasks.tools.upscale import make_page

SIDE, FACTOR = 1024, 4
TIMES = 5.1  # the enlargement with the largest picture between its two passes
GIB = 1024**3


def measure() -> list[Entry]:
    """Measure each in a separate process, because the recorded peak of a process never decreases."""
    canvas = find_largest()
    size = f"{canvas.width} x {canvas.height}"
    by_factor, on_canvas = (measure_apart(what) for what in ("factor", "canvas"))
    return [
        build_entry("upscale_peak_gb", by_factor, f"{SIDE * FACTOR} x {SIDE * FACTOR} with alpha", 1),
        build_entry("canvas_peak_gb", on_canvas, f"{size} with alpha, enlarged {TIMES} times", 1.5),
    ]


def build_entry(name: str, measured: tuple[float, float], result: str, goal: float) -> Entry:
    """The entry of a peak and of the process before it, in bytes."""
    over, before = (each / GIB for each in measured)
    beside = {"result": result, "process before": f"{before:.3f}"}
    return Entry(name=name, value=round(over, 3), goal=goal, better="lower", unit="GiB", beside=beside)


def measure_apart(what: str) -> tuple[float, float]:
    """The peak of an upscale in a separate process, over its memory before, and that memory, in bytes."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tools.upscale_memory", what], capture_output=True, text=True, check=True
    )
    over, before = (float(word) for word in done.stdout.split())
    return over, before


def find_largest() -> Canvas:
    """The canvas with the most pixels."""
    return max(CANVASES.values(), key=lambda canvas: canvas.width * canvas.height)


def read_memory(line: str) -> int:
    """The value of a line in `/proc/self/status`, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) * 1024 for each in lines if each.startswith(line))


def upscale(upscaler: Upscaler, picture: np.ndarray, what: str) -> None:
    """Upscale a picture by FACTOR, or onto the largest canvas."""
    if what == "factor":
        upscaler.upscale(picture, FACTOR)
        return
    canvas = find_largest()
    _, place = make_page(picture, canvas)
    enlarge_into(place, picture, upscaler)


def open_upscaler(what: str) -> Upscaler:
    """The built-in upscaler, or for a canvas a small network, which takes seconds instead of a quarter of an hour.

    A network only sees a tile at a time, so the result's size does not change its memory: it is part of the other peak.
    """
    if what == "factor":
        return Upscaler.open(BUILT_IN / "craftspark-upscaler-x4")
    return Upscaler(UpscalerNetwork(UpscalerConfig(features=4, convolutions=1)))


def main() -> None:
    what = sys.argv[1]
    upscaler = open_upscaler(what)
    upscaler.upscale(np.zeros((64, 64, 3), np.uint8), FACTOR)  # the libraries' buffers count as memory of the model
    canvas = find_largest()
    shape = (SIDE, SIDE) if what == "factor" else (int(canvas.height / TIMES), int(canvas.width / TIMES))
    picture = np.random.default_rng(0).integers(0, 255, (*shape, 4), np.uint8)
    before = read_memory("VmRSS")
    upscale(upscaler, picture, what)
    print(read_memory("VmHWM") - before, before)


if __name__ == "__main__":
    main()
