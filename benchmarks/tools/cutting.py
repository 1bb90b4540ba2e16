"""How closely a cut file follows the outline of its picture."""

import io
from itertools import product
from statistics import median
from xml.etree import ElementTree

import numpy as np
import resvg_py
from PIL import Image

from benchmarks.entries import Entry
from benchmarks.tools.orders import an_order, pixels_in, rendered, studio

PROMPTS = ("red apple", "cat face", "butterfly", "sunflower", "birthday cake", "tulip", "fish", "rainbow")
SEEDS = (1, 2, 3, 4)
PATH = "{http://www.w3.org/2000/svg}path"


def measure() -> list[Entry]:
    """The median overlap of 32 cut files, rasterised here, with the alpha channel of their PNG files."""
    overlaps, closed, nodes, specks = [], [], [], 0
    orders = [an_order("clipart", seed, prompt=prompt) for prompt, seed in product(PROMPTS, SEEDS)]
    for order, drawn in zip(orders, rendered(studio(), *orders), strict=True):
        done = studio().finish(order, drawn)
        svg = done.files["cut.svg"].decode()
        overlaps.append(overlap(svg, pixels_in(done.png)[..., 3] >= 128))
        rings = [ring for path in ElementTree.fromstring(svg).iter(PATH) for ring in path.get("d", "").split("M")[1:]]
        closed += [ring.strip().endswith("Z") for ring in rings]
        nodes.append(int(done.scores["cut_nodes"]))
        specks += sum(area(ring) < order.request["smallest_mm"] ** 2 / 2 for ring in rings)
    entry = Entry(
        name="cut_file_iou",
        value=round(median(overlaps), 4),
        goal=0.98,
        better="higher",
        unit="share",
        samples=[round(each, 4) for each in overlaps],
        beside={
            "closed paths": f"{sum(closed)}/{len(closed)}",
            "nodes, median and most": f"{median(nodes):.0f}, {max(nodes)}",
            "specks": specks,
        },
    )
    return [entry]


def overlap(svg: str, wanted: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]") -> float:
    height, width = wanted.shape
    content = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, dpi=96))
    painted = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA").resize((width, height)))[..., 3] >= 128
    return float((painted & wanted).sum() / (painted | wanted).sum())


def area(ring: str) -> float:
    """The area of a closed ring of straight lines, in its units squared."""
    points = np.array([[float(value) for value in point.split()] for point in ring.strip().rstrip("Z").split("L")])
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)
