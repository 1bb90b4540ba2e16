"""The cut of an enlarged or a reduced copy, on the picture itself."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.cutting.matte import CLEAR, SOLID, has_clear_ground


def transfer_cut(picture: Pixels, motif: Pixels) -> Pixels:
    """Return a picture (height, width, 3 or 4) with the alpha of a cut-out of its copy (height, width, 4) of any size.

    Solid pixels keep the picture's values exactly. A mixed pixel gets the copy's colour, in which nothing of the
    background is left. A picture with a clear ground is returned unchanged.
    """
    if has_clear_ground(picture):
        return picture
    height, width = picture.shape[:2]
    # Colours count by their alpha, so that those of clear pixels do not reach the edge.
    copy = Image.fromarray(motif).convert("RGBa").resize((width, height), Image.Resampling.BICUBIC)
    resized = np.asarray(copy.convert("RGBA"))
    alpha = resized[..., 3].astype(np.float32)
    times = max(1.0, max(picture.shape[:2]) / max(motif.shape[:2]))
    # An edge that was enlarged is made as steep as it was.
    alpha = ((alpha - 127.5) * times + 127.5).clip(0, 255).round()
    alpha = np.where(alpha < CLEAR, 0, np.where(alpha > SOLID, 255, alpha)).astype(np.uint8)
    colours = np.where(alpha[..., None] == 255, picture[..., :3], resized[..., :3])
    return np.dstack([np.where(alpha[..., None] == 0, 0, colours), alpha]).astype(np.uint8)
