"""Sana-Sprint (arXiv:2503.09641): Sana in one to four steps."""

from collections.abc import Mapping
from typing import Any

from gpu_tasks.inference.families import Family
from gpu_tasks.inference.families.sana import FAMILY as SANA

TWO_STEP_TIMESTEP = 1.3  # between the first step and the second; the pipeline accepts it for two steps only


def _arguments(steps: int) -> Mapping[str, Any]:
    return {"intermediate_timesteps": TWO_STEP_TIMESTEP if steps == 2 else None}


FAMILY = Family(
    pipelines={"draw": "SanaSprintPipeline", "redraw": "SanaSprintImg2ImgPipeline"},
    denoiser="transformer",
    size_step=SANA.size_step,
    arguments=SANA.arguments,
    arguments_for_steps=_arguments,
)
