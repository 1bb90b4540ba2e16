"""What makes a pipeline faster on a GPU, as its catalogue entry says.

Attention needs no option: Diffusers uses PyTorch's `scaled_dot_product_attention` everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from craftspark.errors import ModelUnavailable
from craftspark.models.acceleration import Acceleration

# The parts of a pipeline with convolutions.
CONVOLUTIONAL = ("unet", "vae")
COMPILER_CACHE = "TORCHINDUCTOR_CACHE_DIR"
# The blocks of a UNet have two widths, and each size, with and without guidance, gives each another shape.
MAX_SHAPES = 64
TILE = 512  # pixels of a side


def accelerate(pipeline: Any, denoiser: str, acceleration: Acceleration, cache: Path) -> None:
    """Change the pipeline in place. `denoiser` is the name of its denoising network.

    Compiled kernels are kept in `cache`. Raises ModelUnavailable if that network has no blocks to
    compile.
    """
    if acceleration.channels_last:
        for name in CONVOLUTIONAL:
            if network := getattr(pipeline, name, None):
                network.to(memory_format=torch.channels_last)
    if acceleration.compiled:
        _set_up_compiler(cache)
        try:
            getattr(pipeline, denoiser).compile_repeated_blocks(fullgraph=True, dynamic=False)
        except ValueError as error:
            raise ModelUnavailable(f"the {denoiser} cannot be compiled: {error}") from error


def _set_up_compiler(cache: Path) -> None:
    """Prepare for kernels of fixed shapes, which are faster than kernels of any shape.

    The compiler chooses kernels without trying them out, so that each worker chooses the same.
    """
    import torch._dynamo.config
    import torch._inductor.config

    os.environ[COMPILER_CACHE] = str(cache)  # importing the compiler has set it to a folder of the user
    torch._dynamo.config.recompile_limit = MAX_SHAPES
    torch._inductor.config.deterministic = True


@contextmanager
def decode_in_tiles(autoencoder: Any) -> Iterator[None]:
    """In this context, the autoencoder encodes and decodes in overlapping tiles, which needs less memory."""
    if hasattr(autoencoder, "tile_latent_min_size"):  # its own tiles are as large as the pictures of its training
        autoencoder.tile_sample_min_size = TILE
        autoencoder.tile_latent_min_size = TILE // 2 ** (len(autoencoder.config.block_out_channels) - 1)
    autoencoder.enable_tiling()
    try:
        yield
    finally:
        autoencoder.disable_tiling()
