"""The choice of the PyTorch build for this machine.

On Linux, the package index has the build with CUDA: gigabytes that a machine without an NVIDIA GPU never uses.
PyTorch's own index has a CPU build of the same version, with a tenth of the size.
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
    """The source of PyTorch: `index` is a URL, or None for the index that pip is configured with."""

    index: str | None
    reason: str


def choose_build() -> Build:
    """Choose the build for this machine, in at most `PROBE_WITHIN_S`."""
    return select_build(
        sys.platform, has_gpu=has_nvidia_gpu, cpu_index_responds=lambda: responds(f"{CPU_INDEX}/torch/", PROBE_WITHIN_S)
    )


def select_build(platform: str, *, has_gpu: Callable[[], bool], cpu_index_responds: Callable[[], bool]) -> Build:
    """Select the CPU build on Linux, if the machine has no NVIDIA GPU and the index of the build can be reached."""
    if platform != "linux":
        return Build(None, "PyTorch from the package index, whose build for this system has no CUDA")
    if has_gpu():
        return Build(None, "PyTorch with CUDA, because this machine has an NVIDIA GPU")
    if cpu_index_responds():
        return Build(CPU_INDEX, "PyTorch's CPU build, because this machine has no NVIDIA driver that finds a GPU")
    return Build(None, "PyTorch from the package index, because PyTorch's own index does not respond")


def has_nvidia_gpu(load: Callable[[str], Any] = ctypes.CDLL) -> bool:
    """Whether an NVIDIA driver is installed and finds a GPU. This loads the same library as PyTorch."""
    try:
        driver = load("libcuda.so.1")
    except OSError:
        return False
    return bool(driver.cuInit(0) == 0)


def responds(url: str, within_s: float) -> bool:
    """Whether a HEAD request to the URL succeeds in time, including the lookup of the host name."""
    responded = threading.Event()

    def send_request() -> None:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the URL is a constant of this module
        with contextlib.suppress(OSError, http.client.HTTPException):
            urllib.request.urlopen(request, timeout=within_s).close()  # noqa: S310
            responded.set()

    # The lookup of a host name has no time limit, so it runs in a daemon thread that may outlive this call.
    thread = threading.Thread(target=send_request, daemon=True)
    thread.start()
    thread.join(within_s)
    return responded.is_set()
