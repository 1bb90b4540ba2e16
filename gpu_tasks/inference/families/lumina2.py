"""Version 2 of the Lumina image models (arXiv:2503.21758). It draws from prompts only."""

from gpu_tasks.inference.families import Family

FAMILY = Family(pipelines={"draw": "Lumina2Pipeline"}, denoiser="transformer", one_image_per_call=True)
