"""Z-Image (Alibaba, arXiv:2511.22699). Guidance is off at 0, not at 1."""

from gpu_tasks.inference.families import Family

FAMILY = Family(
    pipelines={"draw": "ZImagePipeline", "redraw": "ZImageImg2ImgPipeline", "repaint": "ZImageInpaintPipeline"},
    denoiser="transformer",
)
