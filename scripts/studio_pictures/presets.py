"""A picture for each preset, by which makers understand its look.

The built-in model follows no presets, so these are not drawn by a model: they are one tulip of the service, worked over
as somebody would by hand.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from scripts.studio_pictures.service import Service

SIDE = 224
SCALE = 2  # everything is worked over at twice the size
LARGE = SIDE * SCALE
MOTIF = 380
COLOURS = 5
PAPER = (252, 250, 243)
SKY = ((0.62, 0.83, 0.96), (0.98, 0.87, 0.56), (0.78, 0.9, 0.82))

Floats = NDArray[Any]  # of any precision: what SciPy makes of them differs
Mask = NDArray[np.bool_]
Draw = Callable[[Service], Image.Image]


@dataclass(frozen=True)
class Motif:
    """A motif in the middle of a square.

    `colours` (LARGE, LARGE, 3) has values of 0 to 1. `inside` is where the motif is. `parts` are its areas of one
    colour, the largest first, each with that colour.
    """

    colours: Floats
    inside: Mask
    parts: Sequence[tuple[Mask, Floats]]


def worked_over(work: Callable[[Motif, np.random.Generator], Floats]) -> Draw:
    """A picture of the tulip as `work` makes it, at its final size."""

    def draw(service: Service) -> Image.Image:
        return small(work(read_motif(service), np.random.default_rng(7)))

    return draw


def read_motif(service: Service) -> Motif:
    """The tulip of the picture `preset-none`, without its background."""
    _, source = service.image("picture", 0, prompt="tulip")
    cut_out, _ = service.image("cutout", source=source)
    factor = MOTIF / max(cut_out.size)
    cut_out = cut_out.resize((round(cut_out.width * factor), round(cut_out.height * factor)), Image.Resampling.LANCZOS)
    whole = Image.new("RGBA", (LARGE, LARGE))
    whole.paste(cut_out, ((LARGE - cut_out.width) // 2, (LARGE - cut_out.height) // 2))
    inside = np.asarray(whole.getchannel("A")) > 127
    ground = Image.new("RGBA", whole.size, "white")
    ground.alpha_composite(whole)
    flat = ground.convert("RGB").filter(ImageFilter.ModeFilter(9))
    indexes = np.asarray(flat.quantize(COLOURS + 1, Image.Quantize.MEDIANCUT, kmeans=3))
    colours = np.asarray(ground.convert("RGB"), np.float32) / 255
    parts = []
    for index in np.unique(indexes[inside]):
        part = ndimage.binary_opening(inside & (indexes == index), iterations=2)
        if part.sum() > 400:
            parts.append((part, colours[part].mean(0)))
    return Motif(colours, inside, sorted(parts, key=lambda part: -int(part[0].sum())))


def small(colours: Floats) -> Image.Image:
    picture = Image.fromarray(np.uint8(np.clip(colours, 0, 1) * 255 + 0.5))
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def plain(colour: tuple[int, int, int]) -> Floats:
    return np.broadcast_to(np.array(colour) / 255, (LARGE, LARGE, 3)).copy()


def clouds(random: np.random.Generator, size: float) -> Floats:
    """Soft noise (LARGE, LARGE) of 0 to 1, with spots of about this size in pixels."""
    noise = ndimage.gaussian_filter(random.random((LARGE, LARGE), np.float32), size, mode="wrap")
    return np.asarray((noise - noise.min()) / np.ptp(noise))


def soft(mask: Mask, radius: float) -> Floats:
    return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), radius))


def laid(ground: Floats, share: Floats, colours: Floats) -> Floats:
    """`colours` over `ground`, as opaque as `share` says."""
    return np.asarray(ground + (colours - ground) * share[..., None])


def watercolour(motif: Motif, random: np.random.Generator) -> Floats:
    """Washes that are darker at their edges, on paper with a grain."""
    picture = plain(PAPER)
    wander = [(clouds(random, 9) - 0.5) * 26 for _ in range(2)]
    rows, columns = np.mgrid[:LARGE, :LARGE]
    for part, colour in motif.parts:
        wet = ndimage.map_coordinates(soft(part, 3.5), [rows + wander[0], columns + wander[1]], order=1)
        wash = np.clip((wet - 0.35) * 4, 0, 1)
        rim = np.clip(wash - ndimage.gaussian_filter(wash, 5), 0, 1)
        share = wash * (0.45 + 0.5 * clouds(random, 22)) + 0.9 * rim
        picture *= 1 - np.clip(share, 0, 1)[..., None] * (1 - colour) * 1.15
    return picture * (1 - 0.06 * clouds(random, 1.2)[..., None])


def linocut(motif: Motif, random: np.random.Generator) -> Floats:
    """Black ink, with carved lines that follow the outline: wider where the motif is lighter."""
    depth = ndimage.distance_transform_edt(motif.inside) + 5 * clouds(random, 12)
    light = ndimage.gaussian_filter(motif.colours.mean(-1), 6)
    inner = light[motif.inside]
    light = np.clip((light - inner.min()) / np.ptp(inner), 0, 1)
    carved = np.cos(depth * 2 * math.pi / 17) > 1.05 - 1.35 * light
    borders = np.zeros_like(motif.inside)
    for part, _ in motif.parts:
        borders |= ndimage.binary_dilation(part, iterations=3) & ~part
    ink = motif.inside & (~carved | (depth < 7) | borders)
    chips = (clouds(random, 3) > 0.74) & ~ndimage.binary_dilation(motif.inside, iterations=16)
    strokes = chips & (np.sin(np.add.outer(np.arange(LARGE), np.arange(LARGE)) / 4) > 0.2)
    return laid(plain(PAPER), soft(ink | strokes, 0.8), plain((24, 22, 24)))


def kawaii(motif: Motif, _: np.random.Generator) -> Floats:
    """Pastels with a face and a wide white border."""
    picture = plain((201, 227, 245))
    border = soft(ndimage.binary_dilation(motif.inside, iterations=18), 3) > 0.5
    picture = laid(picture, 0.35 * ndimage.shift(soft(border, 6), (8, 0)), plain((20, 60, 90)))
    picture = laid(picture, soft(border, 1), plain((255, 255, 255)))
    picture = laid(picture, soft(motif.inside, 1), 0.45 + 0.55 * ndimage.gaussian_filter(motif.colours, (3, 3, 0)))
    image = Image.fromarray(np.uint8(np.clip(picture, 0, 1) * 255))
    x, y = _face(motif)
    draw = ImageDraw.Draw(image)
    for side in (-1, 1):
        eye = x + side * 34
        draw.ellipse((eye - 11, y - 13, eye + 11, y + 13), "#3b2430")
        draw.ellipse((eye - 6, y - 10, eye + 2, y - 2), "white")
        draw.ellipse((x + side * 58 - 13, y + 12, x + side * 58 + 13, y + 26), "#ff7fa0")
    draw.arc((x - 13, y - 2, x + 13, y + 22), 20, 160, "#3b2430", 5)
    return np.asarray(image, np.float32) / 255


def _face(motif: Motif) -> tuple[int, int]:
    """The middle of the widest place of the motif in its upper half."""
    widths = motif.inside[: LARGE // 2].sum(1)
    y = int(np.median(np.flatnonzero(widths > 0.95 * widths.max())))
    return int(np.flatnonzero(motif.inside[y]).mean()), y + 14


def paper_cut(motif: Motif, random: np.random.Generator) -> Floats:
    """Sheets of card on each other, each with its shadow."""
    picture = plain((251, 227, 162))
    sheets = [(ndimage.binary_dilation(motif.inside, iterations=26), np.array([0.98, 0.98, 0.95]))]
    sheets += [(motif.inside, motif.parts[0][1] * 0.8), *motif.parts]
    for sheet, colour in sheets:
        shape = soft(sheet, 3) > 0.5
        picture = laid(picture, 0.5 * ndimage.shift(soft(shape, 5), (7, 4)), picture * 0.35)
        card = colour * (0.96 + 0.06 * clouds(random, 1)[..., None])
        picture = laid(picture, soft(shape, 0.8), card)
    return picture


def embroidery(motif: Motif, random: np.random.Generator) -> Floats:
    """Satin stitches across each part, on linen."""
    rows, columns = np.mgrid[:LARGE, :LARGE]
    weave = np.maximum(
        np.sin(rows * math.pi / 3.5) * (np.sin(columns * math.pi / 7) > 0),
        np.sin(columns * math.pi / 3.5) * (np.sin(rows * math.pi / 7) > 0),
    )
    linen = plain((226, 214, 192)) * (0.86 + 0.13 * weave + 0.08 * clouds(random, 1.5))[..., None]
    linen = laid(linen, 0.45 * ndimage.shift(soft(motif.inside, 5), (5, 3)), linen * 0.4)
    image = Image.fromarray(np.uint8(np.clip(linen, 0, 1) * 255))
    draw = ImageDraw.Draw(image)
    for number, (part, colour) in enumerate(motif.parts):
        pieces, count = ndimage.label(part)
        for piece in range(1, count + 1):
            _stitch(draw, pieces == piece, colour, random, 0.35 if number % 2 else -0.25)
    return np.asarray(image, np.float32) / 255


def _stitch(draw: ImageDraw.ImageDraw, part: Mask, colour: Floats, random: np.random.Generator, slope: float) -> None:
    """Threads next to each other across a part, lighter in their middles."""
    for top in range(0, LARGE + 200, 4):
        columns = np.arange(LARGE)
        rows = (top - 100 + slope * columns).astype(np.int64)
        seen = (rows >= 0) & (rows < LARGE)
        hit = np.zeros(LARGE, bool)
        hit[seen] = part[rows[seen], columns[seen]]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], hit, [0]])))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            shade = 0.82 + 0.3 * random.random()
            for at in range(start, end, 6):
                gleam = shade * (0.78 + 0.34 * math.sin(math.pi * (at - start + 3) / max(end - start, 1)))
                fill = tuple(int(value) for value in np.clip(colour * gleam * 255, 0, 255))
                stop = min(at + 7, end)
                draw.line((at, rows[at], stop, rows[min(stop, LARGE - 1)]), fill, 4)


def folk_art(motif: Motif, _: np.random.Generator) -> Floats:
    """Both halves alike in four colours, with ornaments."""
    palette = [np.array(colour) / 255 for colour in ((196, 52, 45), (34, 62, 102), (224, 160, 48), (62, 110, 84))]
    across = int(np.flatnonzero(motif.inside.any(0)).mean())
    shift = LARGE // 2 - across
    picture = plain((250, 241, 222))

    def mirrored(mask: Mask) -> Mask:
        half = np.roll(mask, shift, 1)
        half[:, LARGE // 2 :] = half[:, : LARGE // 2][:, ::-1]
        return soft(half, 2.5) > 0.5

    outline = mirrored(motif.inside)
    picture = laid(picture, soft(outline, 0.8), plain((34, 62, 102)))
    petals = 0
    for part, colour in motif.parts:
        is_leaf = colour[1] > colour[0]
        flat = palette[3] if is_leaf else palette[2 * (petals % 2)]
        petals += not is_leaf
        shape = ndimage.binary_erosion(mirrored(part), iterations=4)
        picture = laid(picture, soft(shape, 0.8), np.broadcast_to(flat, picture.shape))
    image = Image.fromarray(np.uint8(np.clip(picture, 0, 1) * 255))
    draw = ImageDraw.Draw(image)
    for side in (-1, 1):
        for number in range(7):
            x, y = LARGE // 2 + side * (205 - 6 * (number % 2)), 60 + 55 * number
            draw.ellipse((x - 8, y - 8, x + 8, y + 8), ["#c4342d", "#e0a030", "#223e66"][number % 3])
        for number in range(4):
            x, y = LARGE // 2 + side * (95 + 26 * number), 30 + 10 * number
            draw.ellipse((x - 15, y - 7, x + 15, y + 7), "#3e6e54")
            draw.ellipse((x - 5, y + 10, x + 5, y + 20), "#c4342d")
    for number in range(5):
        y = 120 + 18 * number
        draw.ellipse((LARGE // 2 - 4, y - 4, LARGE // 2 + 4, y + 4), "#faf1de")
    return np.asarray(image, np.float32) / 255


def stained_glass(motif: Motif, random: np.random.Generator) -> Floats:
    """Panes of glass in lead: parts of the motif and of the sky, broken into pieces."""
    points = random.random((30, 2)) * LARGE
    rows, columns = np.mgrid[:LARGE, :LARGE]
    cells = np.argmin([(rows - y) ** 2 + (columns - x) ** 2 for y, x in points], 0)
    areas = np.zeros((LARGE, LARGE), np.int64)
    for number, (part, _) in enumerate(motif.parts, 1):
        areas[part] = number
    panes = areas * len(points) + cells
    picture = plain((0, 0, 0))
    for pane in np.unique(panes):
        here = panes == pane
        number = pane // len(points)
        colour = motif.parts[number - 1][1] if number else np.array(SKY[pane % 3])
        grey = colour.mean()
        picture[here] = np.clip(grey + (colour - grey) * 1.5, 0, 1) * (0.88 + 0.2 * random.random())
    shine = 0.86 + 0.26 * clouds(random, 14)
    edges = ndimage.morphological_gradient(panes, 3) > 0
    outline = ndimage.binary_dilation(motif.inside, iterations=3) & ~ndimage.binary_erosion(motif.inside, iterations=2)
    lead = soft(ndimage.binary_dilation(edges, iterations=3) | outline, 1)
    return laid(picture * shine[..., None], np.clip(lead * 1.3, 0, 1), plain((28, 26, 30)))


def line_art(service: Service) -> Image.Image:
    """The lines of the tulip, which a tool of the service draws."""
    _, source = service.image("picture", 0, prompt="tulip")
    made, _ = service.image("lineart", source=source, line_mm=1.2)
    return made.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


PRESETS: dict[str, Draw] = {
    "preset-watercolour": worked_over(watercolour),
    "preset-linocut": worked_over(linocut),
    "preset-kawaii-sticker": worked_over(kawaii),
    "preset-line-art": line_art,
    "preset-paper-cut": worked_over(paper_cut),
    "preset-embroidery": worked_over(embroidery),
    "preset-folk-art": worked_over(folk_art),
    "preset-stained-glass": worked_over(stained_glass),
}
