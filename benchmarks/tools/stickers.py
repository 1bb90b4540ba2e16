"""Sticker sheets measured on what is delivered: the edges in the print against the lines in the cut file."""

import io
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks.entries import Entry
from benchmarks.tools.cutting import SVG, cover, find_edge
from benchmarks.tools.orders import build_image_order, load_built_in, load_with_sources, render_orders
from craftspark.tools.print_marks import paper_margin_mm
from gpu_tasks.images.pixels import Pixels

SUBJECTS = ("cat face", "sunflower", "rocket", "butterfly", "cactus", "birthday cake")
SEED = 7
WIDTHS = (60.0, 45.0, 30.0, 52.5, 25.0, 38.3)
SHEETS: tuple[Mapping[str, Any], ...] = (
    {"paper": "a4", "fill": True},
    {"paper": "letter", "fill": True, "outline_mm": 0, "bleed_mm": 1.5, "marks": "crop"},
    {"paper": "12x12", "fill": True, "marks": "registration", "rotate": False, "gap_mm": 0.0, "outline_mm": 3.5},
    {"paper": "a5", "outline_mm": 1.0},
)
MM = 25.4 / 300


def measure() -> list[Entry]:
    """Sheets of six cut-outs of different widths, on four papers."""
    clipart = [build_image_order("clipart", SEED, prompt=prompt, width_mm=60.0) for prompt in SUBJECTS]
    drawings = render_orders(load_built_in(), *clipart)
    pictures = [
        np.asarray(Image.open(io.BytesIO(load_built_in().finish(order, drawing).png)))
        for order, drawing in zip(clipart, drawings, strict=True)
    ]
    renderers, sources = load_with_sources(pictures, "sticker-sheet")
    away, faults, stickers = [], [], []
    for sheet in SHEETS:
        widths = [{"width_mm": width} for width in WIDTHS]
        order = build_image_order("sticker-sheet", SEED, *sources, stickers=widths, **sheet)
        [drawing] = render_orders(renderers, order)
        image = renderers.finish(order, drawing)
        request, page = order.request, np.asarray(Image.open(io.BytesIO(image.png)))
        lines = read_lines(image.files["cut.svg"], page)
        margin_mm = paper_margin_mm(request["bleed_mm"], request["marks"])
        away.append(measure_registration(page, lines, margin_mm, request["bleed_mm"]))
        faults.append(count_faults(lines, margin_mm, request["gap_mm"]))
        stickers.append(len(lines))
    return [
        Entry(
            name="sticker_sheet_registration_mm",
            value=round(max(away), 3),
            goal=0.1,
            better="lower",
            unit="mm",
            samples=[round(each, 3) for each in away],
            beside={"stickers": ", ".join(map(str, stickers))},
        ),
        Entry(
            name="sticker_sheet_faults",
            value=float(sum(faults)),
            goal=0,
            better="lower",
            unit="count",
            samples=[float(each) for each in faults],
            beside={"what": "lines that are nearer than the gap, or outside the margin"},
        ),
    ]


def read_lines(svg: bytes, page: Pixels) -> list[NDArray[np.bool_]]:
    """What each closed line of a cut file encloses, in the pixels of the print."""
    root = ElementTree.fromstring(svg)
    height, width = page.shape[:2]
    sides = {side: float((root.get(side) or "").removesuffix("mm")) for side in ("width", "height")}
    if abs(sides["width"] - width * MM) > MM or abs(sides["height"] - height * MM) > MM:
        raise ValueError(f"the cut file has {sides} mm, and the print {width} x {height} pixels")
    [path] = root.iter(f"{SVG}path")
    lines = []
    for closed in (path.get("d") or "").split("Z")[:-1]:
        alone = ElementTree.Element(
            f"{SVG}svg", {**root.attrib, "width": str(width), "height": str(height), "preserveAspectRatio": "none"}
        )
        ElementTree.SubElement(alone, f"{SVG}path", {"d": closed + "Z"})
        lines.append(cover(ElementTree.tostring(alone, encoding="unicode")))
    return lines


def measure_registration(page: Pixels, lines: Sequence[NDArray[np.bool_]], margin_mm: float, bleed_mm: float) -> float:
    """How far the edge of the print is from where it should be, `bleed_mm` outside the lines, in mm; 99.9 % of it is at
    most that far.
    """
    printed = page[..., 3] >= 128
    margin = round((margin_mm - bleed_mm) / MM)
    room = np.zeros_like(printed)
    room[margin:-margin, margin:-margin] = True  # without the marks
    inside = np.logical_or.reduce(lines)
    away = np.where(inside, -ndimage.distance_transform_edt(inside) + 1, ndimage.distance_transform_edt(~inside))
    edge = find_edge(printed & room)
    return float(max(0.0, np.quantile(np.abs(away[edge] * MM - bleed_mm), 0.999)))


def count_faults(lines: Sequence[NDArray[np.bool_]], margin_mm: float, gap_mm: float) -> int:
    """Pairs of lines that are nearer than the gap by more than 0.1 mm or overlap, and lines that reach into the
    margin.
    """
    boxes = [[np.flatnonzero(line.any(axis)) for axis in (0, 1)] for line in lines]
    spans = [(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) for columns, rows in boxes]
    height, width = lines[0].shape
    margin, faults = margin_mm / MM - 1.5, 0
    for left, top, right, bottom in spans:
        faults += left < margin or top < margin or right > width - margin or bottom > height - margin
    for (number, one), (other, two) in combinations(enumerate(spans), 2):
        apart = max(two[0] - one[2], one[0] - two[2]), max(two[1] - one[3], one[1] - two[3])
        if max(apart) * MM < gap_mm - 0.1:  # the boxes are near, so the lines are compared
            both = np.array([one, two])
            (left, top), (right, bottom) = both[:, :2].min(0), both[:, 2:].max(0)
            parts = [lines[each][top:bottom, left:right] for each in (number, other)]
            distance = ndimage.distance_transform_edt(~parts[0])[parts[1]].min() - 1
            faults += bool((parts[0] & parts[1]).any() or distance * MM < gap_mm - 0.1)
    return faults
