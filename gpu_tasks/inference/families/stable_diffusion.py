"""Stable Diffusion 1.x and 2.x (arXiv:2112.10752)."""

from gpu_tasks.inference.families import LATENT_PIXELS, Family

FAMILY = Family(
    pipelines={
        "draw": "StableDiffusionPipeline",
        "redraw": "StableDiffusionImg2ImgPipeline",
        "repaint": "StableDiffusionInpaintPipeline",
    },
    denoiser="unet",
    seamless="circular padding",
    size_step=LATENT_PIXELS,
)
