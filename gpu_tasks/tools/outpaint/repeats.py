"""Repeating pictures, continued exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_tasks.images.pixels import Pixels

MIN_PERIOD = 2  # pixels
CANDIDATES = 12  # periods that are compared over the whole picture
MAX_MISMATCH = 0.02  # of the picture's variance
MAX_DIFFERENCE = 24  # of 255: what compression may change
EXCEEDING = 0.002  # share of the pixels that may differ by more


def find_period(picture: Pixels) -> int | None:
    """Return the number of columns after which a picture (height, width, channels) repeats, or None.

    Half of the width is the longest period, so that every column is compared with another. The shifts
    that rank first are compared over the whole picture.
    """
    width = picture.shape[1]
    values = picture.astype(np.float32).transpose(0, 2, 1).reshape(-1, width)
    if width < 2 * MIN_PERIOD or values.std(1).max() < 1:
        return None
    candidates = [lag for lag in _rank_lags(values) if MIN_PERIOD <= lag <= width // 2]
    matching = [lag for lag in candidates[:CANDIDATES] if _repeats(values, lag)]
    return min(matching, default=None)


def continue_repeat(width: int, period: int, room: int) -> NDArray[np.intp]:
    """Return for each of the next `room` columns of a picture of this width the column that it repeats."""
    beyond = np.arange(room)
    return width - period + beyond % period


def _rank_lags(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the shifts at which rows (rows, width) are most like themselves, the best first."""
    width = values.shape[1]
    centred = values - values.mean(1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * width, axis=1)
    lags = np.arange(width // 2 + 2)
    correlation = np.fft.irfft((np.abs(spectrum) ** 2).sum(0))[: len(lags)] / (width - lags)
    peaks = np.flatnonzero((correlation[1:-1] >= correlation[:-2]) & (correlation[1:-1] >= correlation[2:])) + 1
    return peaks[np.argsort(-correlation[peaks], kind="stable")]


def _repeats(values: NDArray[np.float32], lag: int) -> bool:
    difference = values[:, lag:] - values[:, :-lag]
    mismatch = (difference**2).mean() / (2 * values.var(1).mean() + 1e-6)
    return bool(mismatch <= MAX_MISMATCH and (np.abs(difference) > MAX_DIFFERENCE).mean() <= EXCEEDING)
