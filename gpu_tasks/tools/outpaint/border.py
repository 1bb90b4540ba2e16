"""The border between a known picture and a drawing around it, made invisible without a change of the picture."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from craftspark.tools.windows import Box
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.outpaint.grounds import Values

FIRST_BLUR = 0.5  # pixels: deviation of the first blurred level
SPREAD = 0.5  # pixels of deviation per pixel from the border
GAP = 2  # pixels of the model next to the border
FRINGE_LEVELS = 4  # blurred levels in which a fringe fades away: within about 16 pixels
FADE = 2.0  # of the known area's shorter side, the distance at which the correction is almost gone


def match_border(picture: Pixels, known: Box, drawing: Pixels, scale: float, fringe: int = 0) -> Pixels:
    """Return the drawing around the known part of a picture, all (height, width, 3), with the colours of the picture at
    the border. The known part is returned as it is. A pixel of the model is `scale` pixels.

    The difference along the border is carried outwards. The further away, the more it is blurred along the border, so
    that details end next to it and a difference of tone fades slowly. The tone is that within the `fringe`, the pixels
    along the border with another colour than the picture: theirs fades away next to the border, as details do.
    """
    gap = max(1, round(GAP * scale))
    matched = picture[known.top : known.bottom, known.left : known.right].astype(np.float32)
    reach = FADE * min(known.size)
    fringe = min(fringe, min(known.size) - 1)
    left, right = drawing[known.top : known.bottom, : known.left], drawing[known.top : known.bottom, known.right :]
    matched = attach_both(matched, left, right, gap, reach, fringe)
    above, below = (part.transpose(1, 0, 2) for part in (drawing[: known.top], drawing[known.bottom :]))
    matched = attach_both(matched.transpose(1, 0, 2), above, below, gap, reach, fringe)
    return matched.transpose(1, 0, 2).round().clip(0, 255).astype(np.uint8)


def attach_both(known: Values, before: Pixels, after: Pixels, gap: int, reach: float, fringe: int) -> Values:
    """Return drawings left and right of a picture with its colours, and the picture between them."""
    left = attach(known[:, 0], known[:, fringe], before[:, ::-1], gap, reach)[:, ::-1]
    return np.concatenate([left, known, attach(known[:, -1], known[:, -1 - fringe], after, gap, reach)], 1)


def attach(edge: Values, inner: Values, drawing: Pixels, gap: int, reach: float) -> Values:
    """Return a drawing (height, width, 3) to the right of an edge (height, 3) with the colours of the edge there, and
    further away with the tone of the colours within its fringe (height, 3).

    Within `gap` columns, the drawing still leads over from what the model made of the picture itself, so the column
    after them is repeated.
    """
    room = drawing.shape[1]
    if not room:
        return drawing.astype(np.float32)
    columns = np.maximum(np.arange(room), min(gap, room - 1))
    apart = drawing[:, columns].astype(np.float32)
    return apart + carry(edge - apart[:, 0], inner - apart[:, 0], room, reach)


def carry(border: Values, tone: Values, room: int, reach: float) -> Values:
    """Return the difference in the `room` columns beyond a border, (height, room, channels), which fades with the
    distance. It is `border` at the border and leads over to `tone`, both (height, channels).
    """
    away = np.arange(1, room + 1, dtype=np.float32)
    levels = [border]
    while FIRST_BLUR * 2 ** (len(levels) - 2) < max(1.0, SPREAD * room):
        mixed = border + (tone - border) * np.float32(min(1, len(levels) / FRINGE_LEVELS))
        levels.append(ndimage.gaussian_filter1d(mixed, FIRST_BLUR * 2 ** (len(levels) - 1), axis=0, mode="nearest"))
    place = np.log2(1 + SPREAD * away / FIRST_BLUR).clip(0, len(levels) - 1.001)
    lower = place.astype(int)
    share = (place - lower)[None, :, None]
    stack = np.stack(levels, 1)
    blurred = stack[:, lower] * (1 - share) + stack[:, lower + 1] * share
    return np.asarray(blurred * np.exp(-((away / reach) ** 2))[None, :, None], np.float32)
