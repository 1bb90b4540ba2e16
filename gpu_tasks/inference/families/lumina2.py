"""The second version of `Lumina`, a model of images (arXiv:2503.21758). It draws from prompts only."""

from gpu_tasks.inference.families import Family

FAMILY = Family(pipelines={"draw": "Lumina2Pipeline"}, denoiser="transformer", one_image_per_call=True)
