"""Colours by their common names: measured in a picture, and changed.

Pictures are uint8 arrays of shape (height, width, 4), straight alpha, or (height, width, 3) on white.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gpu_tasks.images.pixels import Pixels

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
Mask = NDArray[np.bool_]

# The shades of each name. A pixel has the name of the nearest shade in CIELAB.
SHADES = {
    "red": ("dd2e44", "be1931", "a0041e", "ff0000", "7c0a1c", "e8303a"),
    "orange": ("f4900c", "ffac33", "ff7a00", "e06a10", "ff9d4d"),
    "yellow": ("ffcc4d", "ffd983", "ffe000", "fff04d", "f7dc4a", "d9b40f"),
    "green": ("77b255", "3e721d", "5c913b", "00a040", "a6d388", "1f4d12", "c6e5b3", "7fd020"),
    "blue": ("55acee", "3b88c3", "226699", "1040e0", "88c9f9", "1a2f7a", "bbddf5", "20a0c0"),
    "purple": ("aa8ed6", "9266cc", "7450a8", "8000a0", "553788", "c8b0f0", "4a1f70"),
    "pink": ("f4abba", "ea7fa8", "ff66b3", "e75a9a", "f7c8d8", "f58ea8", "d63e8c"),
    "brown": ("c1694f", "662113", "8a4b38", "a57939", "d99e82", "5a3210", "7a5a30", "c68a5e"),
    "black": ("292f33", "000000", "31373d", "1a1a1a"),
    "grey": ("99aab5", "66757f", "808080", "a8a8a8", "5f6468"),
    "white": ("ffffff", "e1e8ed", "f5f8fa", "ccd6dd", "e6e6e6"),
}
NAMES = tuple(SHADES)
NEUTRALS = frozenset({"black", "grey", "white"})
# Outlines, eyes and highlights have area but do not define an object's colour.
NEUTRAL_WEIGHT = 0.5

# The new colours of a body: hue in turns, saturation, value. From the palette of Twemoji.
PAINTS = {
    "red": (0.975, 0.80, 0.87),
    "orange": (0.085, 0.93, 0.96),
    "yellow": (0.130, 0.75, 1.00),
    "green": (0.270, 0.55, 0.68),
    "blue": (0.570, 0.66, 0.86),
    "purple": (0.730, 0.52, 0.75),
    "pink": (0.940, 0.42, 0.95),
    "brown": (0.040, 0.60, 0.62),
    "black": (0.560, 0.15, 0.20),
    "grey": (0.570, 0.07, 0.62),
    "white": (0.570, 0.05, 0.93),
    # Shades, which are measured as their colour.
    "navy": (0.620, 0.80, 0.44),
    "teal": (0.500, 0.85, 0.52),
    "turquoise": (0.480, 0.68, 0.87),
    "maroon": (0.965, 0.82, 0.47),
    "lime": (0.215, 0.78, 0.88),
    "lavender": (0.720, 0.27, 0.95),
    "beige": (0.105, 0.22, 0.91),
    "gold": (0.125, 0.88, 0.83),
}
BODY_HUES = 0.1  # maximum distance from the body's hue, in turns
HUE_KEPT = 0.4  # share of a body's variation in hue that is kept, for shading
MIN_SHARE = 0.3


def find_dominant_colour(picture: Pixels) -> tuple[str, float]:
    """Return the name of the picture's main colour and its share of the subject, 0 to 1. Returns ("white", 0) for an
    empty picture.
    """
    opacity = picture[..., 3] / 255 if picture.shape[-1] == 4 else (~find_background(picture)).astype(float)
    names = name_pixels(picture)
    area = np.bincount(names.ravel(), opacity.ravel(), len(NAMES))
    weighted = area * [NEUTRAL_WEIGHT if name in NEUTRALS else 1.0 for name in NAMES]
    if weighted.sum() == 0:
        return "white", 0.0
    best = int(weighted.argmax())
    return NAMES[best], float(weighted[best] / weighted.sum())


def recolour(picture: Pixels, colour: str, body: Mask | None = None) -> Pixels | None:
    """Return the picture with its body in another colour of PAINTS, or None if that colour is not measured afterwards.
    `body` is what `find_body` returns of the picture.
    """
    body = find_body(picture) if body is None else body
    if not body.any():
        return None
    hue, saturation, value = to_hsv(picture[body][:, :3]).T
    weight = picture[body][:, 3].astype(np.float64)
    own_hue = compute_mean_hue(hue, weight * saturation)
    own_saturation, own_value = (float(np.average(channel, weights=weight)) for channel in (saturation, value))
    paint_hue, paint_saturation, paint_value = PAINTS[colour]
    apart = (hue - own_hue + 0.5) % 1 - 0.5
    # A grey body has neither saturation nor hue to preserve.
    chromatic = own_saturation > 0.25
    new = np.stack(
        [
            (paint_hue + (HUE_KEPT * apart if chromatic else 0)) % 1 + np.zeros_like(hue),
            np.clip(paint_saturation * (saturation / own_saturation if chromatic else np.ones_like(hue)), 0, 1),
            np.clip(paint_value * value / max(own_value, 0.1), 0, 1),
        ],
        -1,
    )
    result = picture.copy()
    result[body, :3] = np.rint(to_rgb(new) * 255).astype(np.uint8)
    name, share = find_dominant_colour(result)
    return result if name == name_paint(colour) and share >= MIN_SHARE else None


@cache
def name_paint(colour: str) -> str:
    """Return the name of the colour that a paint is measured as."""
    rgb = np.rint(to_rgb(np.array([[PAINTS[colour]]])) * 255).astype(np.uint8)
    return NAMES[int(name_pixels(rgb)[0, 0])]


def find_body(picture: Pixels) -> Mask:
    """Return the mask of an RGBA picture's main colour and its shades."""
    main, _ = find_dominant_colour(picture)
    seen = picture[..., 3] > 0
    hue, saturation, value = np.moveaxis(to_hsv(picture[..., :3]), -1, 0)
    if main in NEUTRALS:
        dark = value < 0.45
        grey: Mask = seen & (saturation < 0.35) & (dark if main == "black" else ~dark)
        return grey
    mine = seen & (name_pixels(picture) == NAMES.index(main))
    centre = compute_mean_hue(hue, picture[..., 3] * mine * saturation)
    near: Mask = seen & (saturation > 0.15) & (np.abs((hue - centre + 0.5) % 1 - 0.5) < BODY_HUES)
    return near


def name_pixels(picture: Pixels) -> Numbers:
    """Return the index in NAMES of each pixel's colour."""
    red, green, blue = (picture[..., channel].astype(np.intp) >> 3 for channel in range(3))
    names: Numbers = build_name_table()[red, green, blue]
    return names


@cache
def build_name_table() -> Numbers:
    """Build the table of NAMES by colour, with 5 bits per channel."""
    side = (np.arange(32) * 8 + 4) / 255
    grid = to_lab(np.stack(np.meshgrid(side, side, side, indexing="ij"), -1))
    shades = [(number, shade) for number, name in enumerate(NAMES) for shade in SHADES[name]]
    points = to_lab(np.array([list(bytes.fromhex(shade)) for _, shade in shades]) / 255)
    nearest = np.square(grid[..., None, :] - points).sum(-1).argmin(-1)
    table: Numbers = np.array([number for number, _ in shades], np.intp)[nearest]
    return table


def find_background(picture: Pixels) -> Mask:
    """Return the mask of an RGB picture's white background: near white, and connected with the border."""
    pale = picture[..., :3].min(-1) > 225
    ground: Mask = np.zeros_like(pale)
    ground[[0, -1], :], ground[:, [0, -1]] = pale[[0, -1], :], pale[:, [0, -1]]
    while True:
        grown = ground.copy()
        grown[1:] |= ground[:-1]
        grown[:-1] |= ground[1:]
        grown[:, 1:] |= ground[:, :-1]
        grown[:, :-1] |= ground[:, 1:]
        grown &= pale
        if (grown == ground).all():
            return ground
        ground = grown


def compute_mean_hue(hue: Floats, weight: Floats) -> float:
    """Return the circular mean in turns."""
    return float(np.angle((weight * np.exp(2j * np.pi * hue)).sum()) / (2 * np.pi) % 1)


def to_lab(rgb: Floats) -> Floats:
    """Convert sRGB, 0 to 1, to CIELAB (D65), along the last axis."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = linear @ matrix.T / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.moveaxis(np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def to_hsv(rgb: Pixels) -> Floats:
    """Convert RGB bytes to hue in turns, saturation and value, 0 to 1, along the last axis."""
    scaled = rgb.astype(np.float64) / 255
    red, green, blue = np.moveaxis(scaled, -1, 0)
    value, spread = scaled.max(-1), np.ptp(scaled, axis=-1)
    safe = np.where(spread == 0, 1, spread)
    hue = np.select(
        [value == red, value == green], [(green - blue) / safe % 6, (blue - red) / safe + 2], (red - green) / safe + 4
    )
    return np.stack([np.where(spread == 0, 0, hue / 6), spread / np.where(value == 0, 1, value), value], -1)


def to_rgb(hsv: Floats) -> Floats:
    """Convert HSV to RGB, 0 to 1: the inverse of `to_hsv`."""
    hue, saturation, value = (hsv[..., channel, None] for channel in range(3))
    place = (np.array([5, 3, 1]) + hue * 6) % 6
    rgb: Floats = value - value * saturation * np.clip(np.minimum(place, 4 - place), 0, 1)
    return rgb
