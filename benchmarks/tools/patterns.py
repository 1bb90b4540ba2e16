"""How visible the seams between painted tiles are."""

from itertools import product
from statistics import median

import numpy as np

from benchmarks.entries import Entry
from benchmarks.tools.orders import build_image_order, load_built_in, render_orders
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.motifs import FACTOR
from gpu_tasks.tools.pattern.repeats import measure_seam

PROMPTS = ("strawberry", "fish", "rainbow", "hibiscus", "maple leaf", "mushroom", "tulip", "four leaf clover")
SEEDS = (1, 2, 3, 4)


def measure() -> list[Entry]:
    """The median seam of 32 tiles as they are delivered, by gpu_tasks.tools.pattern.repeats.measure_seam.

    It is compared with the same prompts and seeds without circular padding, in two versions. One keeps the white border
    that the built-in model leaves around a single object. In the other, the border is cut off.
    """
    cases = list(product(PROMPTS, SEEDS))
    tiles = render_orders(
        load_built_in(), *(build_image_order("pattern", seed, prompt=prompt, way="painted") for prompt, seed in cases)
    )
    plain = render_orders(
        load_built_in(), *(build_image_order("picture", seed, prompt=prompt) for prompt, seed in cases)
    )
    samples = [drawn.scores["seam_over_inner"] for drawn in tiles]
    upscaler = Upscaler.open(BUILT_IN / "craftspark-upscaler-x4")
    bordered = [measure_seam(enlarge(drawn.pixels, upscaler), "straight") for drawn in plain]
    cropped = [measure_seam(enlarge(drawn.pixels[32:-32, 32:-32], upscaler), "straight") for drawn in plain]
    entry = Entry(
        name="pattern_seam_over_inner",
        value=round(median(samples), 3),
        goal=1.1,
        better="lower",
        unit="ratio",
        samples=samples,
        beside={
            "without circular padding, its border cut off": round(median(cropped), 3),
            "without, with its white border": round(median(bordered), 3),
            "worst": max(samples),
        },
    )
    return [entry]


def enlarge(pixels: Pixels, upscaler: Upscaler) -> Pixels:
    """Enlarge like a tile, but without the pixels of its neighbours."""
    return upscaler.upscale(np.ascontiguousarray(pixels), FACTOR)
