"""Stable Diffusion 3 and 3.5 (arXiv:2403.03206). T5 reads the whole prompt, both CLIPs its start."""

from gpu_tasks.inference.families import Family

FAMILY = Family(
    pipelines={
        "draw": "StableDiffusion3Pipeline",
        "redraw": "StableDiffusion3Img2ImgPipeline",
        "repaint": "StableDiffusion3InpaintPipeline",
    },
    denoiser="transformer",
    tokenizer="tokenizer_3",
)
