"""The cost of outpainting a quarter of the width, and whether it changes the known area."""

import time

import numpy as np

from benchmarks.entries import Entry, build_ratio
from benchmarks.tools.orders import MODEL, build_image_order, load_built_in, load_with_source, render_orders
from gpu_tasks.tools.outpaint.canvas import BAND

ROUNDS = 7
KNOWN, WIDER = 224, 280  # pixels: a quarter more
SPECK = 16  # pixels: the smallest valid source. In the centre, it leaves new area in every window.


def measure() -> list[Entry]:
    """Compare one wave in which a quarter of each canvas is new with the same canvases drawn completely."""
    drawn = render_orders(
        load_built_in(), *(build_image_order("picture", seed, prompt="butterfly") for seed in range(4))
    )
    picture = np.tile(np.concatenate([each.pixels for each in drawn], 1), (2, 1, 1))[:KNOWN, :KNOWN]
    renderers, source = load_with_source(picture)
    speck_renderers, speck = load_with_source(np.ascontiguousarray(picture[:SPECK, :SPECK]))
    size = {"width": WIDER, "height": KNOWN, "prompt": "butterfly"}
    quarter = [build_image_order("outpaint", seed, source, anchor="left", **size) for seed in range(MODEL.wave_size)]
    complete = [build_image_order("outpaint", seed, speck, anchor="centre", **size) for seed in range(MODEL.wave_size)]
    quarter_s: list[float] = []
    complete_s: list[float] = []
    change = 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        results = render_orders(renderers, *quarter)
        between = time.perf_counter()
        render_orders(speck_renderers, *complete)
        quarter_s.append(between - start)
        complete_s.append(time.perf_counter() - between)
        untouched = KNOWN - 128 // BAND
        for result in results:
            difference = result.pixels[:, :untouched].astype(int) - picture[:, :untouched]
            change = max(change, int(np.abs(difference).max()))
    return [
        build_ratio(
            "outpaint_time_ratio",
            quarter_s,
            complete_s,
            goal=0.45,
            beside={
                "seconds per job": round(min(quarter_s), 2),
                "seconds per complete job": round(min(complete_s), 2),
            },
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
