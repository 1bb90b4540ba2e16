"""Whether outpainting changes its source, whether it draws other objects next to it, and what drawing costs."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from benchmarks.entries import Entry, build_ratio
from benchmarks.tools.orders import (
    MODEL,
    build_image_order,
    load_built_in,
    load_with_source,
    load_with_sources,
    render_orders,
)
from benchmarks.tools.pictures import BenchPicture, draw_pictures, load_pictures
from craftspark.tools.windows import Box
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.pixels import Pixels, flatten_on_white

# As they would be asked for, wide and tall, on all sides and on one.
SHAPES: Sequence[dict[str, str]] = (
    {"aspect": "16:9"},
    {"aspect": "1:1"},
    {"aspect": "3:1", "anchor": "left"},
    {"aspect": "9:16"},
    {"aspect": "4:5", "anchor": "bottom"},
)
SCALE = 2048  # pixels: the longest side of a result
GROUND_DIFFERENCE = 24  # of 255: an object differs by more from the ground
OBJECT_SHARE = 0.002  # of the picture's area: the smallest object
ROUNDS = 5


def measure() -> list[Entry]:
    """Outpaint all pictures without a prompt, and time the drawing of a new area with one."""
    changed: list[float] = []
    extra: list[bool] = []
    for picture, drawing, place in outpaint_all((*load_pictures(), *draw_pictures())):
        height, width = picture.pixels.shape[:2]
        inside = drawing.pixels[place.top : place.bottom, place.left : place.right]
        assert inside.shape[:2] == (height, width)
        changed.append(float((inside != picture.pixels).any(2).mean()) if inside.shape == picture.pixels.shape else 1.0)
        if picture.things == 1:
            extra.append(count_new_objects(drawing.pixels, place) > 0)
    return [
        Entry(
            name="outpaint_source_changed",
            value=max(changed),
            goal=0,
            better="lower",
            unit="share of the worst source",
            beside={"outpaints": len(changed)},
        ),
        Entry(
            name="outpaint_extra_objects",
            value=round(float(np.mean(extra)), 3),
            goal=0.1,
            better="lower",
            unit="share",
            beside={"outpaints of one object": len(extra)},
        ),
        measure_cost(),
    ]


def outpaint_all(pictures: Sequence[BenchPicture], **fields: Any) -> Iterator[tuple[BenchPicture, Drawing, Box]]:
    """Each picture with its result and its place in it. The shapes take turns."""
    renderers, sources = load_with_sources([picture.pixels for picture in pictures])
    for number, (picture, source) in enumerate(zip(pictures, sources, strict=True)):
        turn = number % len(SHAPES)
        shapes = (*SHAPES[turn:], *SHAPES[:turn])
        shape = next(shape for shape in shapes if not fits_already(picture, shape["aspect"]))
        order = build_image_order("outpaint", number + 1, source, **shape, **fields)
        [drawing] = render_orders(renderers, order)
        left, top = find_place(picture.pixels, drawing.pixels, shape.get("anchor", "centre"))
        height, width = picture.pixels.shape[:2]
        yield picture, drawing, Box(left, top, left + width, top + height)


def fits_already(picture: BenchPicture, aspect: str) -> bool:
    """Whether a picture has this aspect ratio, or would exceed the longest side in it."""
    across, down = (int(part) for part in aspect.split(":"))
    height, width = picture.pixels.shape[:2]
    scale = max(width / across, height / down)
    return bool(width * down == height * across or max(round(scale * across), round(scale * down)) > SCALE)


def find_place(source: Pixels, result: Pixels, anchor: str) -> tuple[int, int]:
    """The left and the top of a source in its result."""
    across, down = result.shape[1] - source.shape[1], result.shape[0] - source.shape[0]
    return (0 if anchor == "left" else across // 2), (down if anchor == "bottom" else down // 2)


def count_new_objects(result: Pixels, place: Box) -> int:
    """The objects in the new area of a picture of one object that do not touch the source.

    An object is a connected area that differs from the ground, which is a wide median of the picture: an
    object is smaller than the ground around it.
    """
    colours = flatten_on_white(result)
    factor = max(1, max(colours.shape[:2]) // 128)
    small = colours[::factor, ::factor].astype(np.int16)
    new = np.ones(colours.shape[:2], bool)
    new[place.top : place.bottom, place.left : place.right] = False
    new = new[::factor, ::factor]
    ground = np.stack([ndimage.median_filter(small[..., channel], 31, mode="nearest") for channel in range(3)], 2)
    differs = np.abs(small - ground).max(2) > GROUND_DIFFERENCE
    labels, count = ndimage.label(differs)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    inside = set(np.unique(labels[~new]))
    return sum(
        size >= OBJECT_SHARE * new.size for label, size in enumerate(sizes.tolist()) if label and label not in inside
    )


def measure_cost() -> Entry:
    """A wave of new areas that are drawn, compared with a wave of pictures."""
    [cake] = [picture for picture in draw_pictures() if picture.shows == "birthday cake"]
    renderers, source = load_with_source(cake.pixels)
    orders = [
        build_image_order("outpaint", seed, source, aspect="2:1", prompt="birthday cake")
        for seed in range(MODEL.wave_size)
    ]
    alone = [build_image_order("picture", seed, prompt="birthday cake") for seed in range(MODEL.wave_size)]
    outpaint_s: list[float] = []
    alone_s: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        render_orders(renderers, *orders)
        between = time.perf_counter()
        render_orders(load_built_in(), *alone)
        outpaint_s.append(between - start)
        alone_s.append(time.perf_counter() - between)
    return build_ratio(
        "outpaint_time_ratio",
        outpaint_s,
        alone_s,
        goal=1.5,
        beside={"seconds per wave": round(min(outpaint_s), 2), "seconds of drawings alone": round(min(alone_s), 2)},
    )
