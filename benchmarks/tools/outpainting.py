"""The cost of outpainting a quarter of the width, and whether it changes the known area."""

import time

import numpy as np

from benchmarks.entries import Entry, ratio_of
from benchmarks.tools.orders import MODEL, an_order, rendered, studio, studio_with
from gpu_tasks.tools.outpaint.canvas import BAND

ROUNDS = 7
KNOWN, WIDER = 224, 280  # pixels: a quarter more
SPECK = 16  # pixels: the smallest valid source. In the centre, it leaves new area in every window.


def measure() -> list[Entry]:
    """Compare one wave in which a quarter of each canvas is new with the same canvases drawn completely."""
    drawn = rendered(studio(), *(an_order("picture", seed, prompt="butterfly") for seed in range(4)))
    picture = np.tile(np.concatenate([each.pixels for each in drawn], 1), (2, 1, 1))[:KNOWN, :KNOWN]
    some, source = studio_with(picture)
    whole, speck = studio_with(np.ascontiguousarray(picture[:SPECK, :SPECK]))
    size = {"width": WIDER, "height": KNOWN, "prompt": "butterfly"}
    quarter = [an_order("outpaint", seed, source, anchor="left", **size) for seed in range(MODEL.wave_size)]
    anew = [an_order("outpaint", seed, speck, anchor="centre", **size) for seed in range(MODEL.wave_size)]
    times: dict[str, list[float]] = {"quarter": [], "anew": []}
    change = 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        results = rendered(some, *quarter)
        between = time.perf_counter()
        rendered(whole, *anew)
        times["quarter"].append(between - began)
        times["anew"].append(time.perf_counter() - between)
        untouched = KNOWN - 128 // BAND
        for result in results:
            kept = result.pixels[:, :untouched].astype(int) - picture[:, :untouched]
            change = max(change, int(np.abs(kept).max()))
    return [
        ratio_of(
            "outpaint_time_ratio",
            times["quarter"],
            times["anew"],
            goal=0.45,
            beside={"seconds a job": round(min(times["quarter"]), 2), "anew": round(min(times["anew"]), 2)},
        ),
        Entry(
            name="outpaint_known_area_change",
            value=change,
            goal=0,
            better="lower",
            unit="levels of 255",
            beside={"band in pixels": 128 // BAND},
        ),
    ]
