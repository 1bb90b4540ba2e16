"""Qwen-Image (arXiv:2508.02324). Its guidance needs a negative prompt, even an empty one."""

from gpu_tasks.inference.families import Family

FAMILY = Family(
    pipelines={
        "draw": "QwenImagePipeline",
        "redraw": "QwenImageImg2ImgPipeline",
        "repaint": "QwenImageInpaintPipeline",
    },
    denoiser="transformer",
    guidance="true_cfg_scale",  # the pipelines ignore guidance_scale
    one_image_per_call=True,
)
