"""Latent consistency models of Stable Diffusion 1.5 (arXiv:2310.04378)."""

from gpu_tasks.inference.families import LATENT_PIXELS, Family

FAMILY = Family(
    pipelines={"draw": "LatentConsistencyModelPipeline", "redraw": "LatentConsistencyModelImg2ImgPipeline"},
    denoiser="unet",
    seamless="circular padding",
    size_step=LATENT_PIXELS,
)
