"""The device that a worker's networks run on, `cpu` or `cuda`."""

from __future__ import annotations

import torch


def make_repeatable() -> None:
    """Have CUDA's libraries choose kernels that give the same numbers in every call of the same shape.

    cuDNN's attention is left out, as PyTorch leaves it out where only deterministic kernels may run.
    """
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.enable_cudnn_sdp(False)


def is_lost(device: str) -> bool:
    """Whether the device takes no more work from this process.

    CUDA keeps an error inside a kernel for good. Whoever calls it next has the error: PyTorch raises AcceleratorError,
    but cuBLAS and cuDNN raise plain RuntimeErrors of their own, as they do for faults that pass.
    """
    if device != "cuda":
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False
