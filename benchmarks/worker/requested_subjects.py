"""The built-in model: whether its drawings show the requested subjects, and how much seeds differ."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.entries import Entry
from craftspark.models.networks import BUILT_IN_NETWORKS
from gpu_tasks.chunks import split_chunks
from gpu_tasks.images.drawing import make_drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.enlarging import enlarge_to
from gpu_tasks.inference.model_store import BUILT_IN, open_pipeline
from gpu_tasks.inference.subject_check import SubjectCheck
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.training.dataset.colours import NAMES, PAINTS, find_background, find_body, to_lab, to_rgb
from gpu_tasks.training.dataset.dataset import read_names
from gpu_tasks.training.evaluation.evaluate import FEW_STEPS, SUBJECTS
from gpu_tasks.training.evaluation.grid import draw
from gpu_tasks.training.evaluation.prompts import build_colour_prompts, build_subject_prompts

MODEL = BUILT_IN / "craftspark-clipart-128"
PROMPTS, COLOURED = 80, 20  # of the names and everyday words on the card, and with a colour
STRIDE = 7
AT_ONCE = 8
SEEDS = 8
VARIED = ("cat", "sunflower", "rocket", "birthday cake", "owl", "butterfly")
SHADED = ("apple", "butterfly", "umbrella", "car", "fish")
DELIVERED = (512, 512)


def measure() -> list[Entry]:
    """Measure both with the model's defaults. The judge of subjects is the worker's own check, which knows the look of
    the model's training pictures; it is not an independent judge.
    """
    model = open_pipeline(MODEL)
    return [measure_subjects(model), measure_seeds(model), measure_shades(model)]


def measure_subjects(model: Any) -> Entry:
    check = SubjectCheck.of_model(MODEL)
    if check is None:
        raise FileNotFoundError(f"{MODEL} does not list its subjects")
    subjects, named = build_subject_prompts(read_names(SUBJECTS), PROMPTS)
    coloured = build_colour_prompts(subjects)
    # The prompts are ordered by object, and a stride of 7 takes all colours.
    painted = [coloured[number * STRIDE % len(coloured)] for number in range(COLOURED)]
    texts = [prompt.text for prompt in [*named, *painted]]
    pictures = draw_all(model, texts)

    def share(words: Sequence[str]) -> float:
        flaws = [check.judge(make_drawing(pixels, 1), text).flaw for pixels, text in zip(pictures, words, strict=True)]
        return round(flaws.count(None) / len(flaws), 3)

    return Entry(
        name="subject_shown",
        value=share(texts),
        goal=0.95,
        better="higher",
        unit="share",
        beside={"prompts": len(texts), "with_prompts_of_other_pictures": share([*texts[13:], *texts[:13]])},
    )


def draw_all(model: Any, texts: Sequence[str]) -> Pixels:
    """Draw a picture of each prompt, (N, height, width, 3)."""
    return np.concatenate([draw(model, some, seed=1, steps=FEW_STEPS) for some in split_chunks(texts, AT_ONCE)])


def measure_seeds(model: Any) -> Entry:
    """The least difference among the prompts. Both sizes have about the same, because the upscaler adds no variety."""
    drawn = {
        prompt: np.concatenate([draw(model, [prompt], seed=seed, steps=FEW_STEPS) for seed in range(1, SEEDS + 1)])
        for prompt in VARIED
    }
    differences = {prompt: measure_difference(pictures) for prompt, pictures in drawn.items()}
    least = min(differences, key=differences.__getitem__)
    upscaler = Upscaler.open(BUILT_IN / BUILT_IN_NETWORKS.enlarge, device="cpu", name=BUILT_IN_NETWORKS.enlarge)
    delivered = np.stack([enlarge_to(pixels, DELIVERED, upscaler) for pixels in drawn[least]])
    return Entry(
        name="seed_difference",
        value=round(differences[least], 4),
        goal=0.05,
        better="higher",
        unit="share of the range",
        samples=[round(each, 4) for each in differences.values()],
        beside={
            "prompt": least,
            "delivered": round(measure_difference(delivered), 4),
            "between_subjects": round(measure_difference(np.stack([pictures[0] for pictures in drawn.values()])), 4),
        },
    )


def measure_difference(pictures: Pixels) -> float:
    """Return the mean absolute difference of all pairs of pictures (N, height, width, 3), 0 to 1."""
    values = pictures.astype(np.float32) / 255
    return float(np.mean([np.abs(one - other).mean() for one, other in combinations(values, 2)]))


def measure_shades(model: Any) -> Entry:
    """The share of drawings whose main colour is nearer to the requested shade than to every other paint of the
    training, among them the shade's own colour. Half-transparent edges are left out.
    """
    shades = [paint for paint in PAINTS if paint not in NAMES]
    paints = to_lab(to_rgb(np.array([PAINTS[paint] for paint in PAINTS])))
    prompts = [(shade, f"{shade} {subject}") for shade in shades for subject in SHADED]
    pictures = draw_all(model, [text for _, text in prompts])
    told = [[*PAINTS][int(np.square(paints - find_main_colour(each)).sum(1).argmin())] for each in pictures]
    missed = {text: name for name, (shade, text) in zip(told, prompts, strict=True) if name != shade}
    by_shade = np.reshape([text not in missed for _, text in prompts], (len(shades), -1)).mean(1)
    return Entry(
        name="shades_obeyed",
        value=round(float(by_shade.mean()), 3),
        goal=0.8,
        better="higher",
        unit="share",
        samples=by_shade.round(3).tolist(),
        beside={"prompts": len(prompts), "missed": ", ".join(f"{text}: {name}" for text, name in missed.items())},
    )


def find_main_colour(picture: Pixels) -> NDArray[np.float64]:
    """Return the median of the drawing's main colour and its shades, in CIELAB."""
    opacity = np.where(find_background(picture), 0, 255).astype(np.uint8)
    body = find_body(np.dstack([picture, opacity]))
    median: NDArray[np.float64] = np.median(to_lab(picture[body] / 255), axis=0)
    return median
