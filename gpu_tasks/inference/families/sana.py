"""Sana (arXiv:2410.10629). It draws from prompts only."""

from gpu_tasks.inference.families import Family

FAMILY = Family(
    pipelines={"draw": "SanaPipeline"},
    denoiser="transformer",
    size_step=32,
    # Binning would draw another size and crop it.
    arguments={"use_resolution_binning": False, "clean_caption": False},
)
