"""Pictures that are computed: grounds, repeats, textures, and scenes that look like photographs.

Each function takes the width and the height in pixels, and its result, (height, width, 3) in 0 to 255, is the same in
each run.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Values: TypeAlias = NDArray[np.float64]
Colour: TypeAlias = tuple[int, int, int]


def grid(width: int, height: int) -> tuple[Values, Values]:
    """The positions of the pixels in units of the longer side, down and across."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    return y, x


def mix(first: Colour | Values, second: Colour | Values, share: Values) -> Values:
    return np.asarray(first) * (1 - share[..., None]) + np.asarray(second) * share[..., None]


def noise(width: int, height: int, *, seed: int, scale: float = 0.25, squeeze: float = 1.0) -> Values:
    """Noise of all scales (height, width), 0 to 1, the coarsest of `scale` of the longer side. Above 1, `squeeze`
    draws it out sideways.
    """
    rng = np.random.default_rng(seed)
    size, total, weight = scale * max(width, height), np.zeros((height, width)), 1.0
    while size >= 1:
        octave = ndimage.gaussian_filter(rng.random((height, width)), (size / 3 / squeeze, size / 3), mode="wrap")
        total += weight * (octave - octave.mean()) / max(octave.std(), 1e-9)
        size, weight = size / 2, weight / 2
    return np.asarray((total - total.min()) / np.ptp(total))


# Grounds.


def plain(width: int, height: int, colour: Colour = (255, 255, 255)) -> Values:
    return np.broadcast_to(np.array(colour, float), (height, width, 3)).copy()


def gradient(width: int, height: int) -> Values:
    y, x = grid(width, height)
    return mix((255, 224, 206), (182, 212, 255), (x + y) / (x + y).max())


def vignette(width: int, height: int) -> Values:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return mix((252, 250, 240), (206, 200, 180), np.hypot(x, y) / 1.5)


def paper(width: int, height: int, colour: Colour = (238, 226, 200)) -> Values:
    rng = np.random.default_rng(5)
    grain = ndimage.gaussian_filter(rng.normal(0, 22, (height, width)), 0.8)
    values: Values = plain(width, height, colour) + grain[..., None]
    return values


def room(width: int, height: int) -> Values:
    """A wall above a floor."""
    y, x = grid(width, height)
    floor = (y > 0.72 * y.max())[..., None]
    wall = mix((226, 232, 220), (200, 210, 196), x)
    return np.where(floor, mix((176, 130, 92), (150, 104, 70), y), wall)


# Repeats.


def stripes(width: int, height: int, period: int = 36) -> Values:
    y, x = np.mgrid[:height, :width]
    return np.where(((x + y) % period < period / 2)[..., None], (240, 120, 110), (255, 244, 225)).astype(float)


def dots(width: int, height: int, period: int = 45) -> Values:
    y, x = (each % period - period / 2 for each in np.mgrid[:height, :width])
    cover = (period * 0.28 + 0.5 - np.hypot(x, y)).clip(0, 1)
    return mix((250, 250, 250), (40, 90, 160), cover)


def gingham(width: int, height: int, period: int = 52) -> Values:
    y, x = (np.mgrid[:height, :width] % period < period / 2).astype(float)
    return mix((255, 255, 255), (70, 140, 90), (x + y) / 2)


def ruled(width: int, height: int, period: int = 37) -> Values:
    y, x = np.mgrid[:height, :width] % period
    return np.where(((x < 2) | (y < 2))[..., None], (150, 180, 215), (253, 253, 248)).astype(float)


def bricks(width: int, height: int, across: int = 64, down: int = 30) -> Values:
    y, x = np.mgrid[:height, :width]
    shifted = (x + (y // down % 2) * across // 2) % across
    return np.where(((shifted < 4) | (y % down < 4))[..., None], (214, 206, 196), (168, 84, 62)).astype(float)


# Textures.


def wood(width: int, height: int) -> Values:
    y, _ = grid(width, height)
    rings = np.sin(60 * y + 9 * noise(width, height, seed=2, scale=0.6, squeeze=6)) * 0.5 + 0.5
    fibres = noise(width, height, seed=3, scale=0.08, squeeze=12)
    return mix((188, 134, 82), (140, 90, 50), 0.6 * rings + 0.4 * fibres)


def grass(width: int, height: int) -> Values:
    blades = noise(width, height, seed=4, scale=0.05, squeeze=0.25)
    return mix((44, 84, 26), (150, 190, 72), blades)


def clouds(width: int, height: int) -> Values:
    y, _ = grid(width, height)
    sky = mix((96, 150, 220), (176, 208, 240), y / y.max())
    return mix(sky, (255, 255, 255), (2.2 * noise(width, height, seed=6, scale=0.4, squeeze=1.8) - 0.9).clip(0, 1))


# Scenes.


def hills(width: int, height: int) -> Values:
    """Three ranges of hills under a sky with clouds."""
    y, _ = grid(width, height)
    scene, top = clouds(width, height), y.max()
    for number, (level, colour) in enumerate([(0.5, (120, 146, 170)), (0.64, (86, 124, 92)), (0.8, (58, 96, 44))]):
        ridge = level + 0.1 * (noise(width, 8, seed=20 + number, scale=0.35)[4] - 0.5) * 2
        lit = mix(tuple(int(value * 0.8) for value in colour), colour, noise(width, height, seed=30 + number))  # type: ignore[arg-type]
        scene = mix(scene, lit, ((y / top - ridge[None, :]) * height).clip(0, 1))
    return scene


def sunset(width: int, height: int) -> Values:
    """The sun above the sea, with its light on the waves."""
    y, x = grid(width, height)
    y, x = y / y.max(), x / x.max()
    sky = mix((60, 70, 140), (255, 170, 90), (y / 0.6).clip(0, 1))
    sun = np.hypot((x - 0.5) * width / height, y - 0.48)
    sky = mix(sky, (255, 240, 190), np.exp(-((sun / 0.09) ** 4)))
    waves = noise(width, height, seed=8, scale=0.12, squeeze=5)
    sea = mix((40, 60, 110), (250, 180, 120), (waves * np.exp(-(((x - 0.5) / 0.18) ** 2)) * 1.2).clip(0, 1))
    return mix(sky, sea, ((y - 0.6) * height).clip(0, 1))


def lights(width: int, height: int) -> Values:
    """Lights of a town at night, out of focus."""
    rng = np.random.default_rng(9)
    y, x = grid(width, height)
    scene = mix((16, 18, 34), (44, 34, 50), y)
    for _ in range(46):
        radius, across, down = rng.uniform(0.015, 0.06), rng.uniform(0, x.max()), rng.uniform(0.1, 1) * y.max()
        disc = ((radius - np.hypot(x - across, y - down)) * 160).clip(0, 1)
        scene += disc[..., None] * rng.uniform(0.2, 0.6) * np.array(rng.uniform((160, 90, 20), (255, 220, 160)))
    return scene


def balls(width: int, height: int) -> Values:
    """Three lit balls with shadows on a table."""
    y, x = grid(width, height)
    top = y.max()
    scene = mix(mix((204, 196, 186), (180, 172, 164), x), (150, 116, 84), ((y / top - 0.55) * 12).clip(0, 1))
    places = [(0.3, 0.62, 0.12, (200, 50, 40)), (0.55, 0.66, 0.1, (60, 110, 190)), (0.75, 0.6, 0.13, (230, 180, 60))]
    for across, down, radius, colour in places:
        shadow = np.hypot((x - across - 0.04) / 1.4, (y - down * top - radius * 0.85) / 0.35)
        scene *= 1 - 0.5 * np.exp(-((shadow / radius) ** 2))[..., None]
        right, below = (x - across) / radius, (y - down * top) / radius
        depth = np.sqrt((1 - right**2 - below**2).clip(0))
        light = (-0.5 * right - 0.6 * below + 0.62 * depth).clip(0)
        lit = np.array(colour) * (0.25 + 0.75 * light[..., None]) + 190 * (light[..., None] ** 24)
        scene = mix(scene, lit, ((1 - np.hypot(right, below)) * radius * max(width, height)).clip(0, 1))
    return scene


def blossom(width: int, height: int) -> Values:
    """A flower before a ground that is out of focus."""
    y, x = grid(width, height)
    across, down = x - x.max() / 2, y - y.max() / 2
    scene = mix((40, 80, 40), (150, 180, 90), noise(width, height, seed=12, scale=0.5))
    scene = ndimage.gaussian_filter(scene, (height / 30, width / 30, 0))
    angle, away = np.arctan2(down, across), np.hypot(across, down)
    edge = 0.2 * (0.72 + 0.28 * np.abs(np.cos(2.5 * angle)))
    petals = mix((250, 190, 210), (214, 70, 130), (1 - away / edge).clip(0, 1) ** 1.5)
    scene = mix(scene, petals, ((edge - away) * max(width, height)).clip(0, 1))
    middle = mix((240, 200, 60), (170, 110, 20), noise(width, height, seed=13, scale=0.03))
    return mix(scene, middle, ((0.05 - away) * max(width, height)).clip(0, 1))
