"""Source pictures in a worker: fetched, decoded and cached while their images are rendered."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import Image

from craftspark.errors import SourceMissing
from craftspark.tools.sources import Source
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels, resample

MIN_CACHED = 4  # pictures of at most 144 MB each

Fetch: TypeAlias = Callable[[Source], bytes]


class SourcePictures:
    """A cache of source pictures for at least one wave. `fetch` returns a PNG file or raises SourceMissing."""

    def __init__(self, fetch: Fetch, *, wave_size: int = MIN_CACHED) -> None:
        self._fetch = fetch
        self._max = max(MIN_CACHED, wave_size)
        self._cache: OrderedDict[tuple[str, str], tuple[Pixels, bytes]] = OrderedDict()

    def describe(self, order: ImageOrder) -> Source:
        """Return the order's source with its size. Raises SourceMissing for an order without one."""
        if order.source is None:
            raise SourceMissing(f"the job {order.job_id} has no source")
        return order.source

    def fetch(self, order: ImageOrder) -> bytes | None:
        """Fetch the picture of an order into the cache, and return its PNG file. Returns None without a source. Raises
        SourceMissing.
        """
        return None if order.source is None else self._read(order)[1]

    def load(self, order: ImageOrder) -> Pixels:
        """Return the source picture (height, width, 3 or 4), read-only. Raises SourceMissing."""
        return self._read(order)[0]

    def _read(self, order: ImageOrder) -> tuple[Pixels, bytes]:
        source = self.describe(order)
        place = (source.bucket, source.key)
        if place not in self._cache:
            file = self._fetch(source)
            with Image.open(io.BytesIO(file), formats=("PNG",)) as image:
                if image.size != (source.width, source.height):
                    raise SourceMissing(f"the source {source.reference} has changed since the job was submitted")
                self._cache[place] = np.asarray(image.convert("RGBA" if source.alpha else "RGB")), file
            while len(self._cache) > self._max:
                self._cache.popitem(last=False)
        self._cache.move_to_end(place)
        return self._cache[place]


def flatten_on_white(picture: Pixels) -> Pixels:
    """Return the picture (height, width, 3) on a white background."""
    if picture.shape[2] == 3:
        return picture
    alpha = picture[..., 3:].astype(np.float32) / 255
    mixed: Pixels = np.rint(picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return mixed


def shrink(picture: Pixels, longest: int) -> Pixels:
    """Return the picture with at most `longest` pixels on its longer side."""
    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    height, width = picture.shape[:2]
    return resample(picture, (max(1, round(width * scale)), max(1, round(height * scale))))
