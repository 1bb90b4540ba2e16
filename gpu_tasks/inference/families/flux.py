"""FLUX.1 of Black Forest Labs. T5 reads the whole prompt, CLIP its start."""

from gpu_tasks.inference.families import Family

FAMILY = Family(
    pipelines={"draw": "FluxPipeline", "redraw": "FluxImg2ImgPipeline", "repaint": "FluxInpaintPipeline"},
    denoiser="transformer",
    tokenizer="tokenizer_2",
)
