"""How visible the seams between painted tiles are, and whether anything crosses them."""

from collections.abc import Callable, Sequence
from itertools import product
from statistics import median

import numpy as np

from benchmarks.entries import Entry
from benchmarks.tools.orders import build_image_order, load_built_in, render_orders
from craftspark.tools.toss import Repeat
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.pattern.repeats import measure_border_ink, measure_seam

PROMPTS = ("strawberry", "fish", "rainbow", "hibiscus", "maple leaf", "mushroom", "tulip", "four leaf clover")
SEEDS = (1, 2, 3, 4)


def measure() -> list[Entry]:
    """The median seam of 32 tiles as they are delivered, and the ink at their borders, by
    gpu_tasks.tools.pattern.repeats.

    They are compared with the same prompts and seeds without circular padding, in two versions. One keeps the white
    border that the built-in model leaves around a single object: it has no seam, because nothing crosses its edges. In
    the other, the border is cut off. Only a tile with ink at its border shows that its edges join.
    """
    cases = list(product(PROMPTS, SEEDS))
    tiles = render_orders(
        load_built_in(), *(build_image_order("pattern", seed, prompt=prompt, way="painted") for prompt, seed in cases)
    )
    plain = render_orders(
        load_built_in(), *(build_image_order("picture", seed, prompt=prompt) for prompt, seed in cases)
    )
    # Pictures are enlarged as tiles are, but without the pixels of neighbours.
    bordered = [drawn.pixels for drawn in plain]
    cropped = [np.ascontiguousarray(drawn.pixels[128:-128, 128:-128]) for drawn in plain]
    seams = [drawn.scores["seam_over_inner"] for drawn in tiles]
    inks = [drawn.scores["border_ink"] for drawn in tiles]

    def build_entry(
        name: str, scores: list[float], measure_tile: Callable[[Pixels, Repeat], float], *, goal: float, lower: bool
    ) -> Entry:
        return Entry(
            name=name,
            value=round(median(scores), 3),
            goal=goal,
            better="lower" if lower else "higher",
            unit="ratio",
            samples=scores,
            beside={
                "without circular padding, its border cut off": median_of(measure_tile, cropped),
                "without, with its white border": median_of(measure_tile, bordered),
                "worst": max(scores) if lower else min(scores),
            },
        )

    return [
        build_entry("pattern_seam_over_inner", seams, measure_seam, goal=1.1, lower=True),
        build_entry("pattern_border_ink", inks, measure_border_ink, goal=0.6, lower=False),
    ]


def median_of(measure_tile: Callable[[Pixels, Repeat], float], pictures: Sequence[Pixels]) -> float:
    return round(median(measure_tile(pixels, "straight") for pixels in pictures), 3)
