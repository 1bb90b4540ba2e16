"""Line art measured as a crafter sees it: strokes of one width, few specks, and areas that can be coloured in."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks.entries import Entry
from benchmarks.tools.orders import build_image_order, load_with_sources, render_orders
from benchmarks.tools.pictures import BenchPicture, load_pictures
from craftspark.errors import ImageFlawed
from gpu_tasks.images.pixels import Pixels

WIDTH_MM, LINE_MM = 120.0, 0.8
PIXELS_PER_MM = 300 / 25.4
BLOT = 1.5  # a stroke this many times as wide as a line is a blot
SPECK = 3  # ink that is less than this number of lines long is a speck
SEED = 3

Ink = NDArray[np.bool_]


def measure() -> list[Entry]:
    """Pages of licensed drawings, scenes that look like photographs, and repeats. Grounds without lines are refused."""
    pages: dict[str, Ink] = {}
    leaks, refused = [], []
    for picture in load_pictures():
        ink = draw_page(picture.pixels)
        if ink is None:
            refused.append(picture.name)
            continue
        pages[picture.name] = ink
        if picture.ground == "clear":
            leaks.append(measure_leak(ink, picture))
    blots = {name: measure_blots(ink) for name, ink in pages.items()}
    specks = {name: measure_specks(ink) for name, ink in pages.items()}
    worst = max(blots, key=blots.__getitem__)
    return [
        Entry(
            name="lineart_blots",
            value=round(float(np.mean([*blots.values()])), 4),
            goal=0.02,
            better="lower",
            unit="share of ink",
            samples=[round(each, 4) for each in blots.values()],
            beside={"pages": len(pages), "worst": worst, "most": round(blots[worst], 3), "refused": ", ".join(refused)},
        ),
        Entry(
            name="lineart_specks",
            value=round(float(np.mean([*specks.values()])), 4),
            goal=0.01,
            better="lower",
            unit="share of ink",
            samples=[round(each, 4) for each in specks.values()],
            beside={"worst": max(specks, key=specks.__getitem__)},
        ),
        Entry(
            name="lineart_leak",
            value=round(max(leaks), 4),
            goal=0.02,
            better="lower",
            unit="share of the object",
            samples=[round(each, 4) for each in leaks],
            beside={"what": "of an object on a clear ground, filled with colour that is poured beside it"},
        ),
    ]


def draw_page(picture: Pixels) -> Ink | None:
    """The ink (height, width) of a picture's line art. None if it is refused."""
    renderers, sources = load_with_sources([picture], "lineart")
    order = build_image_order("lineart", SEED, *sources, width_mm=WIDTH_MM, line_mm=LINE_MM)
    [drawing] = render_orders(renderers, order)
    try:
        image = renderers.finish(order, drawing)
    except ImageFlawed:
        return None
    ink: Ink = np.asarray(Image.open(io.BytesIO(image.png)).convert("L")) < 128
    return ink


def measure_blots(ink: Ink) -> float:
    """The share of the ink where a disc fits that is BLOT times as wide as a line."""
    radius = BLOT * LINE_MM * PIXELS_PER_MM / 2
    core = ndimage.distance_transform_edt(ink) >= radius
    blots = ndimage.distance_transform_edt(~core) < radius
    return float((blots & ink).sum() / ink.sum())


def measure_specks(ink: Ink) -> float:
    """The share of the ink in separate pieces of less than SPECK lines' width in each direction."""
    labels, count = ndimage.label(ink, np.ones((3, 3)))
    areas = ndimage.sum_labels(ink, labels, range(1, count + 1))
    side = SPECK * LINE_MM * PIXELS_PER_MM
    small = [
        max(rows.stop - rows.start, columns.stop - columns.start) < side
        for rows, columns in ndimage.find_objects(labels)
    ]
    return float(areas[np.array(small, bool)].sum() / ink.sum())


def measure_leak(ink: Ink, picture: BenchPicture) -> float:
    """The share of an object that colour reaches from the corner of the page."""
    height, width = ink.shape
    alpha = Image.fromarray(picture.pixels[..., 3]).resize((width, height), Image.Resampling.BILINEAR)
    # A line lies on the edge of an object, half of it outside.
    inside = ndimage.distance_transform_edt(np.asarray(alpha) >= 128) > LINE_MM * PIXELS_PER_MM
    labels, _ = ndimage.label(np.pad(~ink, 1, constant_values=True))
    outside = (labels == labels[0, 0])[1:-1, 1:-1]
    return float((outside & inside).sum() / inside.sum())
