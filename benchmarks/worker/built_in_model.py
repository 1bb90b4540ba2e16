"""The built-in model: its drawings for 200 prompts, its quality with few steps, and its speed on this CPU."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import torch

from benchmarks.entries import Entry
from gpu_tasks.inference.encoders.likeness import LIKENESS, Likeness
from gpu_tasks.inference.model_store import BUILT_IN, open_pipeline
from gpu_tasks.training.dataset.dataset import read_names
from gpu_tasks.training.evaluation.evaluate import FEW_STEPS, MANY_STEPS, SUBJECTS, draw_by_steps
from gpu_tasks.training.evaluation.grid import draw
from gpu_tasks.training.evaluation.prompts import build_subject_prompts

MODEL = BUILT_IN / "craftspark-clipart-128"
PROMPTS = 200
SEEDS = (1,)
ROUNDS = 7
CALL_SIZES = (1, 4, 8)
THREADS = 2
LOAD_GOAL_S = 1.0


def measure() -> list[Entry]:
    """Measure top-5 and the few-step ratio with one seed per prompt. The model card has the figures for four seeds."""
    model = open_pipeline(MODEL)  # the first load also imports the libraries
    return [*measure_quality(model), measure_speed(model), measure_load_time()]


def measure_quality(model: Any) -> list[Entry]:
    likeness = Likeness.open(BUILT_IN / LIKENESS, MODEL)
    subjects, asked = build_subject_prompts(read_names(SUBJECTS), PROMPTS)
    drawn = draw_by_steps(model, likeness, asked, likeness.embed_texts(subjects), SEEDS)
    cosines = {steps: cosine for steps, (_, _, cosine) in drawn.items()}
    _, few, _ = drawn[FEW_STEPS]
    return [
        Entry(
            name="model_top5",
            value=few["top5"],
            goal=0.9,
            better="higher",
            unit="share",
            beside={
                "top1": few["top1"],
                "by_name": few["named"]["top5"],
                "everyday_words": few["everyday"]["top5"],
                "chance": few["chance_top5"],
                "steps": FEW_STEPS,
            },
        ),
        Entry(
            name="model_few_step_ratio",
            value=round(cosines[FEW_STEPS] / cosines[MANY_STEPS], 4),
            goal=0.95,
            better="higher",
            unit="ratio",
            beside={f"likeness_{steps}_steps": round(cosine, 4) for steps, cosine in cosines.items()},
        ),
    ]


def measure_speed(model: Any) -> Entry:
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        seconds: dict[int, list[float]] = {size: [] for size in CALL_SIZES}
        for _ in range(ROUNDS):
            for size in CALL_SIZES:  # in alternation, so that other load on the machine affects all sizes
                seconds[size].append(time_call(partial(draw, model, ["red apple"] * size, seed=1, steps=FEW_STEPS)))
    finally:
        torch.set_num_threads(before)
    per_second = {size: round(size / median(samples), 2) for size, samples in seconds.items()}
    ratios = [8 * one / eight for one, eight in zip(seconds[1], seconds[8], strict=True)]
    return Entry(
        name="model_images_per_second_b8_over_b1",
        value=round(median(ratios), 3),
        goal=None,
        better="higher",
        unit="ratio",
        samples=[round(ratio, 3) for ratio in ratios],
        beside={f"images_per_second_b{size}": rate for size, rate in per_second.items()} | {"threads": THREADS},
    )


def measure_load_time() -> Entry:
    seconds = [time_call(partial(open_pipeline, MODEL)) for _ in range(ROUNDS)]
    return Entry(
        name="model_load_s",
        value=round(median(seconds), 3),
        goal=LOAD_GOAL_S,
        better="lower",
        unit="s",
        samples=[round(each, 3) for each in seconds],
    )


def time_call(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
