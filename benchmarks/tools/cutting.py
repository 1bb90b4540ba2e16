"""Cut files measured as a crafter would: with a ruler, against the picture, and by what a blade can follow."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from statistics import median
from xml.etree import ElementTree

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks.entries import Entry
from benchmarks.tools.orders import build_image_order, cut_out_orders, load_built_in, render_orders
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.cutting.tracing.colour_names import measure_difference

SUBJECTS = (
    *("unicorn", "penguin", "snowman", "butterfly", "rocket", "rainbow", "panda", "apple", "red apple", "cat face"),
    *("sunflower", "birthday cake", "tulip", "fish", "mushroom", "star", "heart", "house", "owl", "dog", "turtle"),
    *("frog", "bee", "ladybug", "car", "tree", "cactus", "pumpkin", "whale", "strawberry"),
)
SEEDS = (7, 300)
MEASURED = ("snowman", "butterfly", "panda", "red apple", "cat face", "birthday cake", "star", "bee", "car", "cactus")
WIDTH_MM, OUTLINE_MM, SMALLEST_MM, MAX_NODES = 100.0, 3.0, 1.5, 2000
SVG = "{http://www.w3.org/2000/svg}"
PIXELS_PER_MM = 10
EDGE = 0.02  # share of the longer side: width of the frame where no ground may be left
PALE = 64  # of 255, in the worst channel
SPOT = 0.0005  # share of the area: largest remain that nobody sees


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A delivered image. `layers` are the covered pixels of each layer, with its colour, the border first."""

    width_mm: float
    layers: Sequence[tuple[str, NDArray[np.bool_]]]
    nodes: int
    picture: Pixels
    sticker: Pixels

    @property
    def mm(self) -> float:
        """The side of a pixel of `layers`."""
        return float(self.width_mm / self.layers[0][1].shape[1])


def measure() -> list[Entry]:
    """Twenty images with a sticker's border, and the ground of 60 cut-outs."""
    orders = [
        build_image_order("clipart", seed, prompt=prompt, outline_mm=OUTLINE_MM)
        for prompt, seed in product(MEASURED, SEEDS)
    ]
    cuts, overlaps = [], []
    for order, drawing in zip(orders, render_orders(load_built_in(), *orders), strict=True):
        image = load_built_in().finish(order, drawing)
        cuts.append(read_cut(image.files["cut.svg"], image.png, image.files["sticker.png"]))
        overlaps.append(measure_overlap(cuts[-1]))
    nodes = [cut.nodes for cut in cuts]
    return [
        Entry(
            name="cut_file_iou",
            value=round(median(overlaps), 4),
            goal=0.98,
            better="higher",
            unit="share",
            samples=[round(each, 4) for each in overlaps],
            beside={"nodes, median and maximum": f"{median(nodes):.0f}, {max(nodes)}"},
        ),
        _worst("cut_width_error_mm", [abs(measure_width(cut) - WIDTH_MM) for cut in cuts], 0.2, "mm"),
        _worst("print_cut_registration_mm", [measure_registration(cut) for cut in cuts], 0.1, "mm"),
        _count("cut_nodes_over_budget", [max(0, cut.nodes - MAX_NODES) for cut in cuts]),
        _count("cut_thin_pieces", [sum(map(int, count_thin_pieces(cut))) for cut in cuts]),
        _count("cut_palette_twins", [count_twins(cut) for cut in cuts]),
        measure_ground(),
    ]


def _worst(name: str, samples: Sequence[float], goal: float, unit: str) -> Entry:
    rounded = [round(sample, 3) for sample in samples]
    return Entry(name=name, value=max(rounded), goal=goal, better="lower", unit=unit, samples=rounded, beside={})


def _count(name: str, samples: Sequence[int]) -> Entry:
    return Entry(
        name=name, value=float(sum(samples)), goal=0, better="lower", unit="count", samples=list(samples), beside={}
    )


def measure_ground() -> Entry:
    """The share of cut-outs where pale ground is left at the edge of the drawing."""
    orders = [build_image_order("clipart", seed, prompt=prompt) for prompt, seed in product(SUBJECTS, SEEDS)]
    left = [float(has_ground(drawing.pixels)) for drawing in cut_out_orders(load_built_in(), *orders)]
    names = [f"{order.request['prompt']} {order.seed}" for order, found in zip(orders, left, strict=True) if found]
    return Entry(
        name="cut_ground_left",
        value=round(sum(left) / len(left), 4),
        goal=0.02,
        better="lower",
        unit="share",
        samples=left,
        beside={"where": ", ".join(names) or "nowhere"},
    )


def has_ground(motif: Pixels) -> bool:
    height, width = motif.shape[:2]
    edge = max(1, round(EDGE * max(height, width)))
    frame = np.ones((height, width), bool)
    frame[edge:-edge, edge:-edge] = False
    pale = (motif[..., 3] >= 128) & ((255 - motif[..., :3].astype(int)).max(2) < PALE)
    return bool((frame & pale).sum() > SPOT * frame.size)


def read_cut(svg: bytes, png: bytes, sticker: bytes) -> Cut:
    root = ElementTree.fromstring(svg)
    width_mm, height_mm = (float((root.get(side) or "").removesuffix("mm")) for side in ("width", "height"))
    size = round(width_mm * PIXELS_PER_MM), round(height_mm * PIXELS_PER_MM)
    groups, nodes = list(root.iter(f"{SVG}g")), 0
    layers = []
    for group in groups:
        [path] = group.iter(f"{SVG}path")
        outline = path.get("d", "")
        nodes += outline.count("C") + outline.count("L")
        pixels = {"width": str(size[0]), "height": str(size[1]), "preserveAspectRatio": "none"}
        alone = ElementTree.Element(f"{SVG}svg", {**root.attrib, **pixels})
        alone.append(group)
        layers.append((path.get("fill", ""), cover(ElementTree.tostring(alone, encoding="unicode"))))
    return Cut(
        width_mm=width_mm,
        layers=layers,
        nodes=nodes,
        picture=np.asarray(Image.open(io.BytesIO(png))),
        sticker=np.asarray(Image.open(io.BytesIO(sticker))),
    )


def cover(svg: str) -> NDArray[np.bool_]:
    content = bytes(resvg_py.svg_to_bytes(svg_string=svg))
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))[..., 3] >= 128


def join_things(cut: Cut) -> NDArray[np.bool_]:
    """What all layers but the border cover."""
    covered: NDArray[np.bool_] = np.logical_or.reduce([layer for _, layer in cut.layers[1:]])
    return covered


def measure_width(cut: Cut) -> float:
    columns = np.flatnonzero(join_things(cut).any(0))
    return float(np.ptp(columns) + 1) * cut.mm


def measure_overlap(cut: Cut) -> float:
    painted, wanted = join_things(cut), scale(cut.picture[..., 3], cut)
    return float((painted & wanted).sum() / (painted | wanted).sum())


def scale(alpha: NDArray[np.uint8], cut: Cut) -> NDArray[np.bool_]:
    """An alpha channel in the pixels of the layers, if both have one canvas."""
    shape = cut.layers[0][1].shape
    return np.asarray(Image.fromarray(alpha).resize(shape[::-1], Image.Resampling.BICUBIC)) >= 128


def measure_registration(cut: Cut) -> float:
    """How far the edge of the printed sticker is from the line that is cut, in mm; 99.9 % of it is at most that far."""
    printed, line = scale(cut.sticker[..., 3], cut), cut.layers[0][1]
    away = ndimage.distance_transform_edt(~find_edge(line))
    # Neighbouring pixels of one edge are one pixel apart.
    return float(max(0.0, np.quantile(away[find_edge(printed)], 0.999) - 1) * cut.mm)


def find_edge(covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    edge: NDArray[np.bool_] = covered & ~ndimage.binary_erosion(covered)
    return edge


def count_thin_pieces(cut: Cut) -> Iterator[int]:
    """Parts of each layer where no disc of the smallest width fits, and that reach further than that from the rest."""
    radius = (SMALLEST_MM / 2 - 0.15) / cut.mm
    for _, layer in cut.layers:
        room = np.pad(layer, 2)
        wide = ndimage.distance_transform_edt(~(ndimage.distance_transform_edt(room) >= radius)) < radius
        rest, count = ndimage.label(room & ~wide, np.ones((3, 3)))
        far = ndimage.maximum(ndimage.distance_transform_edt(~wide), rest, range(1, count + 1)) if count else []
        yield sum(reach > (SMALLEST_MM + 0.2) / cut.mm for reach in far)


def count_twins(cut: Cut) -> int:
    colours = [colour for colour, _ in cut.layers[1:]]
    return sum(measure_difference(first, second) < 15 for first, second in combinations(colours, 2))
