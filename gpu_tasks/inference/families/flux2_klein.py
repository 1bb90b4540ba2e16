"""FLUX.2 klein of Black Forest Labs.

The image argument of Flux2KleinPipeline is a reference for edits without a strength. Inpainting has a strength, so it
also redraws whole pictures.
"""

from gpu_tasks.inference.families import Family

FAMILY = Family(
    pipelines={
        "draw": "Flux2KleinPipeline",
        "redraw": "Flux2KleinInpaintPipeline",
        "repaint": "Flux2KleinInpaintPipeline",
    },
    denoiser="transformer",
)
