"""How well objects are cut out of grounds that are not plain."""

from collections.abc import Iterator
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks.entries import Entry
from benchmarks.tools.orders import build_image_order, cut_out_orders, load_built_in
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.matting import MattingNetwork
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.cutting.matte import cut_out, inspect
from gpu_tasks.tools.cutting.motifs import FACTOR, MotifCutter

PROMPTS = ("red apple", "cat face", "sunflower", "birthday cake", "tulip", "fish", "rocket", "mushroom")
PINK, BLUE, YELLOW, MINT = (255, 214, 224), (214, 228, 255), (255, 245, 200), (200, 240, 230)
Ground = NDArray[np.float64]


def measure() -> list[Entry]:
    """The mean over motifs that were cut out of white, so that their alpha is known, on each of the other grounds."""
    upscaler = Upscaler.open(BUILT_IN / "craftspark-upscaler-x4")
    cutter = MotifCutter(upscaler, MattingNetwork.open(BUILT_IN / "u2netp"))
    drawings = cut_out_orders(load_built_in(), *(build_image_order("clipart", 1, prompt=prompt) for prompt in PROMPTS))
    after: dict[str, list[float]] = {}
    before: list[float] = []
    flawed = {"by the ground": 0, "with the network": 0}
    for motif in (drawing.pixels for drawing in drawings if not drawing.flaw):
        for name, ground in build_grounds(*motif.shape[:2]):
            drawing = Drawing(pixels=compose(motif, ground), seed=1)
            by_ground = cut_out(upscaler.upscale(drawing.pixels, FACTOR))
            done = cutter.cut_out(drawing)
            before.append(measure_overlap(by_ground, motif))
            after.setdefault(name, []).append(measure_overlap(done.pixels, motif))
            flawed["by the ground"] += bool(inspect(by_ground).flaw)
            flawed["with the network"] += bool(done.flaw)
    every = [value for values in after.values() for value in values]
    entry = Entry(
        name="cut_iou_off_white",
        value=round(mean(every), 3),
        goal=0.9,
        better="higher",
        unit="share",
        samples=[round(value, 3) for value in every],
        beside={
            "worst": round(min(every), 3),
            **{name: round(mean(values), 3) for name, values in after.items()},
            "by the ground, mean and worst": f"{mean(before):.3f}, {min(before):.3f}",
            "flawed": ", ".join(f"{count}/{len(every)} {how}" for how, count in flawed.items()),
        },
    )
    return [entry]


def build_grounds(height: int, width: int) -> Iterator[tuple[str, Ground]]:
    """Grounds (height, width, 3) by name, the same in each run."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width] / max(height, width)
    yield "diagonal gradient", mix(PINK, BLUE, (x + y) / 2)
    yield "vertical gradient", mix(YELLOW, MINT, y)
    clouds = ndimage.gaussian_filter(rng.random((height, width, 3)), (height / 20, width / 20, 0))
    yield "clouds", 120 + 130 * (clouds - clouds.min()) / np.ptp(clouds)
    yield "stripes", np.where(((x + y) * 12 % 1 < 0.5)[..., None], np.array(PINK, float), np.array(BLUE, float))
    yield "grain", mix(MINT, YELLOW, y) + rng.normal(0, 18, (height, width, 1))


def mix(first: tuple[int, int, int], second: tuple[int, int, int], share: NDArray[np.float64]) -> Ground:
    return np.array(first) * (1 - share[..., None]) + np.array(second) * share[..., None]


def compose(motif: Pixels, ground: Ground) -> Pixels:
    """The drawing of a motif on a ground, as small as it was before the motif was enlarged."""
    alpha = motif[..., 3:] / 255
    large = (motif[..., :3] * alpha + ground * (1 - alpha)).round().clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(large).reduce(FACTOR))


def measure_overlap(one: Pixels, other: Pixels) -> float:
    """Intersection over union of two motifs."""
    first, second = one[..., 3] >= 128, other[..., 3] >= 128
    return float((first & second).sum() / (first | second).sum())
