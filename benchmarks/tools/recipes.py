"""Whether the recipe in a delivered file reproduces its pixels."""

from itertools import product
from typing import Any

import numpy as np

from benchmarks.entries import Entry
from benchmarks.tools.orders import (
    MODEL,
    SETTINGS,
    build_image_order,
    load_built_in,
    read_pixels,
    refuse_source,
    render_orders,
)
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.recipe import build_order, render_again
from gpu_tasks.renderers.loading import load_renderer

PROMPTS = ("red apple", "fish", "rainbow", "tulip")
SEEDS = (1, 2)
SMALL = {"width": 2, "height": 2, "repeat": 2}
REQUESTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("picture", {"style": "bold-flat"}),
    ("clipart", {}),
    ("pattern", {"sheet": SMALL}),
    ("pattern", {"way": "painted", "repeat": "half-drop", "sheet": SMALL}),
)


def measure() -> list[Entry]:
    """Render 32 files again from their recipes, with newly loaded renderers."""
    files = []
    for (tool, fields), prompt, seed in product(REQUESTS, PROMPTS, SEEDS):
        order = build_image_order(tool, seed, prompt=prompt, share_prompt=True, **fields)
        files.append(load_built_in().finish(order, render_orders(load_built_in(), order)[0]).png)
    second = load_renderer(refuse_source, SETTINGS).use(MODEL.name)
    same = []
    for content in files:
        recipe = Recipe.read(content)
        repeated = second.finish(build_order(recipe, {}, None), render_again(recipe, second, {}))
        same.append(np.array_equal(read_pixels(repeated.png), read_pixels(content)))
    entry = Entry(
        name="recipe_identical",
        value=sum(same) / len(same),
        goal=1,
        better="higher",
        unit="share",
        beside={"pictures": len(same)},
    )
    return [entry]
