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
from gpu_tasks.images.pixels import Pixels

MAX_CACHED_BYTES = 600_000_000  # four of the largest pictures, 36 megapixels with alpha, and their files

Fetch: TypeAlias = Callable[[Source], bytes]


class SourcePictures:
    """A cache of source pictures. `fetch` returns a PNG file or raises SourceMissing.

    The cache has at most `max_bytes` of decoded pictures and their files, but always the last one. A picture that is
    not in it any more is fetched again.
    """

    def __init__(self, fetch: Fetch, *, max_bytes: int = MAX_CACHED_BYTES) -> None:
        self._fetch = fetch
        self._max_bytes = max_bytes
        self._bytes = 0
        self._cache: OrderedDict[tuple[str, str], tuple[Pixels, bytes]] = OrderedDict()

    def describe(self, order: ImageOrder, number: int = 0) -> Source:
        """Return a source of the order with its size. Raises SourceMissing for an order without it."""
        if number >= len(order.sources):
            raise SourceMissing(f"the job {order.job_id} has no source {number + 1}")
        return order.sources[number]

    def fetch(self, order: ImageOrder) -> tuple[bytes, ...]:
        """Fetch the pictures of an order into the cache, and return their different PNG files, in the order of the
        sources. Raises SourceMissing.
        """
        return tuple(self._read(source)[1] for source in dict.fromkeys(order.sources))

    def load(self, order: ImageOrder, number: int = 0) -> Pixels:
        """Return a source picture (height, width, 3 or 4), read-only. Raises SourceMissing."""
        return self._read(self.describe(order, number))[0]

    def _read(self, source: Source) -> tuple[Pixels, bytes]:
        place = (source.bucket, source.key)
        if place not in self._cache:
            file = self._fetch(source)
            with Image.open(io.BytesIO(file), formats=("PNG",)) as image:
                if image.size != (source.width, source.height):
                    raise SourceMissing(f"the source {source.reference} has changed since the job was submitted")
                self._cache[place] = np.asarray(image.convert("RGBA" if source.alpha else "RGB")), file
            self._bytes += count_bytes(self._cache[place])
            while self._bytes > self._max_bytes and len(self._cache) > 1:
                self._bytes -= count_bytes(self._cache.popitem(last=False)[1])
        self._cache.move_to_end(place)
        return self._cache[place]


def count_bytes(cached: tuple[Pixels, bytes]) -> int:
    """Return the memory of a decoded picture and its file."""
    pixels, file = cached
    return pixels.nbytes + len(file)
