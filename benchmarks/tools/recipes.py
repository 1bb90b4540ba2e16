"""Whether the recipe in a delivered file reproduces the file."""

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

from benchmarks.entries import Entry
from benchmarks.tools.orders import (
    MODEL,
    SETTINGS,
    build_image_order,
    load_built_in,
    refuse_source,
    render_orders,
)
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.recipe import build_order, find_file, has_same_content, render_again
from gpu_tasks.renderers.loading import load_renderer

PROMPTS = ("red apple", "fish", "rainbow", "tulip")
SEEDS = (1, 2)
WITH_RECIPE = (".png", ".svg", ".pdf")
SMALL = {"width": 2, "height": 2, "repeat": 2}
REQUESTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("picture", {"style": "bold-flat"}),
    ("clipart", {"outline_mm": 2}),
    ("pattern", {"sheet": SMALL}),
    ("pattern", {"way": "painted", "repeat": "half-drop", "sheet": SMALL}),
)


def measure() -> list[Entry]:
    """Make every file of 32 images again from its own recipe, with newly loaded renderers."""
    files: list[bytes] = []
    for (tool, fields), prompt, seed in product(REQUESTS, PROMPTS, SEEDS):
        order = build_image_order(tool, seed, prompt=prompt, share_prompt=True, **fields)
        done = load_built_in().finish(order, render_orders(load_built_in(), order)[0])
        files += [done.png, *(content for name, content in done.files.items() if name.endswith(WITH_RECIPE))]
    second = load_renderer(refuse_source, SETTINGS).use(MODEL.name)

    @cache
    def make_again(xmp: str) -> EncodedImage:
        recipe = recipes[xmp]
        return second.finish(build_order(recipe, {}, ()), render_again(recipe, second, {}))

    # The files of one image have the same recipe apart from their names, so each image is rendered once.
    recipes = {replace(recipe, file="").xmp(): recipe for recipe in map(Recipe.read, files)}
    same = []
    for content in files:
        recipe = Recipe.read(content)
        again = make_again(replace(recipe, file="").xmp())
        same.append(has_same_content(content, find_file(again, recipe.file)))
    entry = Entry(
        name="recipe_identical",
        value=sum(same) / len(same),
        goal=1,
        better="higher",
        unit="share",
        beside={"images": len(recipes), "files": len(files)},
    )
    return [entry]
