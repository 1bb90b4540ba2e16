"""What interactive images gain, and what bulk images lose, if a bulk wave stops for them.

`python -m benchmarks.worker.stopped_waves` simulates one worker that always has bulk waves, with interactive images of
the same model that arrive at random. It prints the wait of an interactive image from its arrival to its first step.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

from rich.console import Console
from rich.table import Table

from cdk_app.stages.values import PROD
from craftspark.models.catalogue import find_model
from gpu_tasks.images.isolation import WaveStopped
from gpu_tasks.worker.waves import stop_if_worth_it

IMAGES = 4_000
# The share of the worker's time that the interactive images take.
LOAD = 0.2
# Seconds: waves of these models, and a tossed pattern with four motifs.
WAVES = (
    ("craftspark-clipart-128 on T4", find_model("craftspark-clipart-128").on("T4").drawing_s),
    ("sdxl-lightning on L4", find_model("sdxl-lightning").on("L4").drawing_s),
    ("sdxl-inpainting on L4", find_model("sdxl-inpainting").on("L4").drawing_s),
    ("sdxl-inpainting on T4", find_model("sdxl-inpainting").on("T4").drawing_s),
    ("pattern-diffusion on T4, four motifs", 4 * find_model("pattern-diffusion").on("T4").drawing_s),
)
STEPS = 25


@dataclass(kw_only=True)
class Result:
    """`waits` of interactive images, in seconds; `lost_s` of `bulk_s` seconds of bulk waves were drawn twice."""

    waits: list[float]
    lost_s: float
    bulk_s: float


def simulate(wave_s: float, stop_bulk_s: float, seed: int = 1) -> Result:
    """Simulate the worker. Interactive images take as long as bulk images, each in its own wave."""
    arrivals = arrive(wave_s / LOAD, seed)
    comes, now, step_s = next(arrivals), 0.0, wave_s / STEPS
    result = Result(waits=[], lost_s=0.0, bulk_s=0.0)
    stopped = False
    while len(result.waits) < IMAGES:
        if comes <= now:
            result.waits.append(now - comes)
            now, comes = now + wave_s, next(arrivals)
            continue
        spent_s = wave_s
        for step in range(1, STEPS + 1):
            if not stopped and comes <= now + step * step_s and stops(step, step_s, stop_bulk_s):
                spent_s, stopped = step * step_s, True
                result.lost_s += spent_s
                break
        else:
            stopped = False
        now, result.bulk_s = now + spent_s, result.bulk_s + spent_s
    return result


def stops(step: int, step_s: float, stop_bulk_s: float) -> bool:
    """Whether the worker stops a wave after this step."""
    try:
        stop_if_worth_it(step / STEPS, step * step_s, stop_bulk_s)
    except WaveStopped:
        return True
    return False


def arrive(every_s: float, seed: int) -> Iterator[float]:
    """The times of arrivals, independent of each other."""
    chance, now = random.Random(seed), 0.0
    while True:
        now += chance.expovariate(1 / every_s)
        yield now


def main() -> None:
    stop_bulk_s = PROD.rendering.stop_bulk_s
    table = Table(title=f"Waits in seconds, {LOAD:.0%} interactive; a wave stops if {stop_bulk_s} s of it are left")
    for column in ("wave", "seconds", "mean, p99 between waves", "mean, p99 at a step", "bulk work drawn twice"):
        table.add_column(column)
    for name, wave_s in WAVES:
        between, at_a_step = simulate(wave_s, float("inf")), simulate(wave_s, stop_bulk_s)
        waits = (f"{mean(each.waits):.1f}, {percentile(each.waits, 99):.1f}" for each in (between, at_a_step))
        table.add_row(name, f"{wave_s:.1f}", *waits, f"{at_a_step.lost_s / at_a_step.bulk_s:.1%}")
    Console(width=140).print(table)


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]


if __name__ == "__main__":
    main()
