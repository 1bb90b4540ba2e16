"""PixArt-Sigma (arXiv:2403.04692). It draws from prompts only."""

from gpu_tasks.inference.families import Family

FAMILY = Family(
    pipelines={"draw": "PixArtSigmaPipeline"},
    denoiser="transformer",
    # Binning would draw another size and crop it. Captions are clean: requests accept plain text only.
    arguments={"use_resolution_binning": False, "clean_caption": False},
)
