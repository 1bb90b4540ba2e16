"""The gain of the upscaler over bicubic interpolation on a style that is not in its training data."""

from benchmarks.entries import Entry
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.training.evaluation.gain import SMALL, measure_gain, rasterise_references

UPSCALER = BUILT_IN / "craftspark-upscaler-x4"
STARTING_MODEL = BUILT_IN / "realesr-animevideov3-x4"
HELD_OUT_STYLE = "twemoji"
COMPARED = 8  # pictures for each comparison value: the first of the same set


def measure() -> list[Entry]:
    """The mean gain at 2x over 64 pictures. The comparison values use the first few of them."""
    upscaler = Upscaler.open(UPSCALER)
    twice = rasterise_references(HELD_OUT_STYLE, 2 * SMALL)
    four_times = rasterise_references(HELD_OUT_STYLE, 4 * SMALL, count=COMPARED)
    gain = measure_gain(upscaler, twice, 2)
    beside = {
        "starting model 2x": measure_gain(Upscaler.open(STARTING_MODEL), twice[:COMPARED], 2),
        "4x": measure_gain(upscaler, four_times, 4),
    }
    entry = Entry(
        name="upscale_gain_db",
        value=round(gain.mean, 2),
        goal=1.5,
        better="higher",
        unit="dB",
        samples=[round(each, 2) for each in gain.each],
        beside={name: round(other.mean, 2) for name, other in beside.items()} | {"pictures compared": COMPARED},
    )
    return [entry]
