"""The device of a worker's networks, `cpu` or `cuda`."""

from __future__ import annotations

import gc

import torch

from craftspark.models.gpus import name_gpu


def make_repeatable() -> None:
    """Make CUDA's libraries choose kernels that return the same numbers for each call of the same shape.

    cuDNN's attention is disabled, as PyTorch does in deterministic mode.
    """
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.enable_cudnn_sdp(False)


def is_lost(device: str) -> bool:
    """Return whether this process can no longer use the device.

    After an error inside a kernel, each later CUDA call fails. PyTorch raises AcceleratorError, but cuBLAS and cuDNN
    raise a plain RuntimeError, as they do for temporary faults.
    """
    if device != "cuda":
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False


def name_device(device: str) -> str:
    """Return the name of a device in the device tables: `cpu`, or the GPU of this machine."""
    return name_gpu(torch.cuda.get_device_name()) if device == "cuda" else device


def measure_free_gib() -> float:
    """Return the free memory of the GPU in GiB."""
    free, _ = torch.cuda.mem_get_info()
    return float(free / 2**30)


def free_memory(device: str) -> None:
    """Free the memory of networks that nothing refers to any more. Pipelines refer to themselves."""
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
