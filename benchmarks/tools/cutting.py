"""How closely a cut file follows the outline of its picture."""

import io
from itertools import product
from statistics import median
from xml.etree import ElementTree

import numpy as np
import resvg_py
from PIL import Image

from benchmarks.entries import Entry
from benchmarks.tools.orders import build_image_order, load_built_in, read_pixels, render_orders

PROMPTS = ("red apple", "cat face", "butterfly", "sunflower", "birthday cake", "tulip", "fish", "rainbow")
SEEDS = (1, 2, 3, 4)
PATH = "{http://www.w3.org/2000/svg}path"


def measure() -> list[Entry]:
    """The median overlap of 32 cut files, rasterised here, with the alpha channel of their PNG files."""
    overlaps, closed, nodes, specks = [], [], [], 0
    orders = [build_image_order("clipart", seed, prompt=prompt) for prompt, seed in product(PROMPTS, SEEDS)]
    for order, drawing in zip(orders, render_orders(load_built_in(), *orders), strict=True):
        image = load_built_in().finish(order, drawing)
        svg = image.files["cut.svg"].decode()
        overlaps.append(measure_overlap(svg, read_pixels(image.png)[..., 3] >= 128))
        rings = [ring for path in ElementTree.fromstring(svg).iter(PATH) for ring in path.get("d", "").split("M")[1:]]
        closed += [ring.strip().endswith("Z") for ring in rings]
        nodes.append(int(image.scores["cut_nodes"]))
        specks += sum(measure_area(ring) < order.request["smallest_mm"] ** 2 / 2 for ring in rings)
    entry = Entry(
        name="cut_file_iou",
        value=round(median(overlaps), 4),
        goal=0.98,
        better="higher",
        unit="share",
        samples=[round(each, 4) for each in overlaps],
        beside={
            "closed paths": f"{sum(closed)}/{len(closed)}",
            "nodes, median and maximum": f"{median(nodes):.0f}, {max(nodes)}",
            "specks": specks,
        },
    )
    return [entry]


def measure_overlap(svg: str, wanted: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]") -> float:
    height, width = wanted.shape
    content = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, dpi=96))
    painted = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA").resize((width, height)))[..., 3] >= 128
    return float((painted & wanted).sum() / (painted | wanted).sum())


def measure_area(ring: str) -> float:
    """The area of a closed ring of straight lines, in its units squared."""
    points = np.array([[float(value) for value in point.split()] for point in ring.strip().rstrip("Z").split("L")])
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)
