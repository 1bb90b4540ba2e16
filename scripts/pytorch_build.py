"""Which build of PyTorch a machine gets.

On Linux the package index has the build with CUDA: gigabytes that a machine without an NVIDIA GPU never uses. PyTorch's
own index has a CPU build of the same version, which is a tenth of that.
"""

import contextlib
import ctypes
import http.client
import sys
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_WITHIN_S = 10.0


@dataclass(frozen=True)
class Build:
    """Where PyTorch comes from: `index` is an address, or None for the index that pip is configured with."""

    index: str | None
    reason: str


def choose_build() -> Build:
    """The build for this machine. Takes `PROBE_WITHIN_S` at most."""
    return build_for(
        sys.platform, has_gpu=has_nvidia_gpu, cpu_index_answers=lambda: answers(f"{CPU_INDEX}/torch/", PROBE_WITHIN_S)
    )


def build_for(platform: str, *, has_gpu: Callable[[], bool], cpu_index_answers: Callable[[], bool]) -> Build:
    """The CPU build where there is one to choose, no GPU needs the other, and its index can be reached."""
    if platform != "linux":
        return Build(None, "PyTorch from the package index, whose build for this system has no CUDA")
    if has_gpu():
        return Build(None, "PyTorch with CUDA, because this machine has an NVIDIA GPU")
    if cpu_index_answers():
        return Build(CPU_INDEX, "PyTorch's CPU build, because this machine has no NVIDIA driver that finds a GPU")
    return Build(None, "PyTorch from the package index, because PyTorch's own index does not answer")


def has_nvidia_gpu(load: Callable[[str], Any] = ctypes.CDLL) -> bool:
    """Whether an NVIDIA driver is installed and finds a GPU, by the library that PyTorch itself would load."""
    try:
        driver = load("libcuda.so.1")
    except OSError:
        return False
    return bool(driver.cuInit(0) == 0)


def answers(url: str, within_s: float) -> bool:
    """Whether the address answers a HEAD request with success in time, the look-up of its name included."""
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the address is a constant of ours
        with contextlib.suppress(OSError, http.client.HTTPException):
            urllib.request.urlopen(request, timeout=within_s).close()  # noqa: S310
            answered.set()

    # A look-up of a name has no time limit of its own, so it happens in a thread that may be left behind.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(within_s)
    return answered.is_set()
