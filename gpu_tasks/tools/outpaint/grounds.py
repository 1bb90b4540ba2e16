"""Plain grounds, continued without drawing.

A ground is plain if its colour changes at most smoothly next to an edge, with or without an even grain; or if each row
next to the edge keeps its colour, like a wall above a floor. All functions continue a picture to the right. Values are
premultiplied: (height, width, 3 or 4), 0 to 255. A clear ground is plain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

Values: TypeAlias = NDArray[np.float32]

DEPTH = 12  # the strip that is judged has one part in so many of the picture's width
MIN_DEPTH, MAX_DEPTH = 4, 64  # pixels
SMOOTHING = 24  # a smooth ground may change within one part in so many of an edge's length
TOLERANCE = 5.0  # of 255: what compression may change of a plain colour
STRIP_TOLERANCE = 10.0  # of 255: what a strip may differ from a slope that was measured over a wider band
BLOCK = 9  # pixels per side; grain averages out within a block, and a shape does not
MAX_AVERAGE_SHARE = 0.5  # of the deviation of a grain: that of averages over blocks, rows and columns
MAX_OUTLIER = 6.0  # deviations; a grain has no pixel beyond it
MAX_GRAIN = 40.0  # of 255: deviation of the coarsest grain
BAND_CONTRAST = 32.0  # of 255: difference of a band from the rest of its edge
MIN_BAND = 0.5  # share of a picture's width along which a band keeps its colour
FADE = 0.5  # of the picture's width, within which a gradient fades away
MIN_SLOPE = 1.0  # of 255 within the strip; what is less is noise, and no gradient


@dataclass(frozen=True, kw_only=True)
class PlainGround:
    """The ground next to the right edge: for each row its colour at the edge and its change per pixel, both
    (height, channels). `grain` (height, depth, channels) is what is left of the strip, if it is a grain.
    """

    edge: Values
    slope: Values
    grain: Values | None

    def extend(self, width: int, room: int, rng: np.random.Generator) -> Values:
        """Return the ground of the next `room` columns (height, room, channels) of a picture of this width.

        A gradient fades away, so that it never runs far beyond the picture's colours.
        """
        reach = np.float32(FADE * width)
        away = reach * (1 - np.exp(-np.arange(1, room + 1, dtype=np.float32) / reach))
        ground = self.edge[:, None] + self.slope[:, None] * away[None, :, None]
        if self.grain is not None:
            ground += grow_grain(self.grain, (len(self.edge), room), rng)
        filled: Values = ground.clip(0, 255).astype(np.float32)
        return filled


def find_plain_ground(picture: Values, slope: Values) -> PlainGround | None:
    """Return the ground next to the right edge of a picture, or None if it is not plain. It changes towards the edge
    with this slope, (height, channels), or as the strip next to the edge does if the slope does not fit the strip.
    """
    height, width, _ = picture.shape
    depth = choose_depth(width)
    strip = picture[:, width - depth :]
    back = np.arange(1 - depth, 1, dtype=np.float32)
    middle = strip.mean(1)
    own = _smooth(np.einsum("hdc,d->hc", strip, back - back.mean()) / _square(back - back.mean()), height / SMOOTHING)
    own[:, np.abs(own).max(0) * depth < MIN_SLOPE] = 0
    for rows in (_smooth(middle, height / SMOOTHING), middle):
        edges = [(rows - change * back.mean(), change) for change in (slope, own)]
        wide, narrow = (float(np.abs(strip - _lines(*each, back)).max()) for each in edges)
        if min(wide, narrow) > TOLERANCE:
            continue
        if rows is middle and not _crosses(picture, middle):
            return None
        edge, change = edges[0 if wide <= STRIP_TOLERANCE else 1]
        return PlainGround(edge=edge, slope=change, grain=None)
    return None


def _crosses(picture: Values, edge: Values) -> bool:
    """Return whether rows with another colour than most of an edge have it on most of their length. Otherwise they
    belong to an object that the edge cuts off.
    """
    others = np.abs(edge - np.median(edge, 0)).max(1) > BAND_CONTRAST
    if not others.any():
        return True
    alike = np.abs(picture[others] - edge[others][:, None]).max(2) <= BAND_CONTRAST
    return bool(alike.mean() >= MIN_BAND)


def find_grain(picture: Values) -> PlainGround | None:
    """Return the ground next to the right edge of a picture, or None unless it is an even noise over a colour that
    changes little.
    """
    height, width, _ = picture.shape
    depth = choose_depth(width)
    strip = picture[:, width - depth :]
    down = np.linspace(-1, 1, height, dtype=np.float32)
    curve = np.stack([np.ones_like(down), down, down**2], 1)
    factors, *_ = np.linalg.lstsq(curve, strip.mean(1), rcond=None)
    edge = np.asarray(curve @ factors, np.float32)
    rest = strip - edge[:, None]
    return PlainGround(edge=edge, slope=np.zeros_like(edge), grain=rest) if is_grain(rest) else None


def is_grain(rest: Values) -> bool:
    """Return whether what is left of a strip is an even noise without shapes."""
    deviation = rest.std((0, 1))
    if deviation.max() > MAX_GRAIN or min(rest.shape[:2]) < BLOCK:
        return False
    worst = rest[..., deviation.argmax()]
    averages = (ndimage.uniform_filter(worst, BLOCK, mode="reflect"), worst.mean(0), worst.mean(1))
    uneven = max(average.std() for average in averages)
    return bool(uneven <= MAX_AVERAGE_SHARE * worst.std() and np.abs(worst).max() <= MAX_OUTLIER * worst.std())


def grow_grain(sample: Values, size: tuple[int, int], rng: np.random.Generator) -> Values:
    """Return noise of a size (height, width) with the deviation and the correlation of a sample of grain.

    White noise that is filtered with a texture has its power spectrum.
    """
    height, width, channels = sample.shape
    centred = sample - sample.mean((0, 1))
    white = rng.standard_normal((size[0] + height - 1, size[1] + width - 1)).astype(np.float32)
    grown = [signal.fftconvolve(white, centred[..., channel], mode="valid") for channel in range(channels)]
    return np.stack(grown, 2).astype(np.float32) / np.float32(np.sqrt(height * width))


def choose_depth(width: int) -> int:
    """Return how many columns next to an edge are judged."""
    return min(width, int(np.clip(width // DEPTH, MIN_DEPTH, MAX_DEPTH)))


def _square(values: Values) -> np.float32:
    return np.float32(max(1.0, (values**2).sum()))


def _lines(edge: Values, slope: Values, back: Values) -> Values:
    """Return the strip (height, depth, channels) whose colours change evenly towards the edge."""
    return np.asarray(edge[:, None] + slope[:, None] * back[None, :, None], np.float32)


def _smooth(profile: Values, deviation: float) -> Values:
    """Return a profile (height, channels), smoothed so that a linear change stays as it is."""
    around = min(len(profile) - 1, int(4 * deviation))
    if around < 1:
        return profile.copy()
    padded = np.pad(profile, ((around, around), (0, 0)), mode="reflect", reflect_type="odd")
    smooth: Values = ndimage.gaussian_filter1d(padded, deviation, axis=0)[around:-around]
    return smooth
