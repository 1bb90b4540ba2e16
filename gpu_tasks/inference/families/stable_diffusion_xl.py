"""Stable Diffusion XL (arXiv:2307.01952), also distilled: Turbo, Lightning, LCM, TCD. The scheduler of
each is in its folder.
"""

from gpu_tasks.inference.families import LATENT_PIXELS, Family

FAMILY = Family(
    pipelines={
        "draw": "StableDiffusionXLPipeline",
        "redraw": "StableDiffusionXLImg2ImgPipeline",
        "repaint": "StableDiffusionXLInpaintPipeline",
    },
    denoiser="unet",
    seamless="circular padding",
    size_step=LATENT_PIXELS,
)
