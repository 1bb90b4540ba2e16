"""Whether the recipe in a delivered file reproduces its pixels."""

from itertools import product
from typing import Any

import numpy as np

from benchmarks.entries import Entry
from benchmarks.tools.orders import SETTINGS, an_order, no_source, pixels_in, rendered, studio
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.recipe import build_order, render_again
from gpu_tasks.renderers import load_renderers

PROMPTS = ("red apple", "fish", "rainbow", "tulip")
SEEDS = (1, 2)
SMALL = {"width": 2, "height": 2, "repeat": 2}
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("picture", {"style": "bold-flat"}),
    ("clipart", {}),
    ("pattern", {"sheet": SMALL}),
    ("pattern", {"way": "painted", "repeat": "half-drop", "sheet": SMALL}),
)


def measure() -> list[Entry]:
    """Render 32 files again from their recipes, with newly loaded renderers."""
    files = []
    for (tool, fields), prompt, seed in product(ASKED, PROMPTS, SEEDS):
        order = an_order(tool, seed, prompt=prompt, share_prompt=True, **fields)
        files.append(studio().finish(order, rendered(studio(), order)[0]).png)
    other = load_renderers(no_source, SETTINGS)
    same = []
    for content in files:
        recipe = Recipe.read(content)
        again = other.finish(build_order(recipe, {}, None), render_again(recipe, other, {}))
        same.append(np.array_equal(pixels_in(again.png), pixels_in(content)))
    entry = Entry(
        name="recipe_identical",
        value=sum(same) / len(same),
        goal=1,
        better="higher",
        unit="share",
        beside={"pictures": len(same)},
    )
    return [entry]
