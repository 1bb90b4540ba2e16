"""Chroma, a model in the shape of FLUX.1 without distillation."""

from gpu_tasks.inference.families import Family

FAMILY = Family(pipelines={"draw": "ChromaPipeline", "redraw": "ChromaImg2ImgPipeline"}, denoiser="transformer")
