"""Source pictures in a worker: fetched, decoded, and kept while the images that begin from them are rendered."""

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

KEPT = 4  # pictures, of 64 MB at most each

Fetch: TypeAlias = Callable[[Source], bytes]


class SourcePictures:
    """The pictures that orders begin from, of a wave of `wave_size` at least. `fetch` brings a PNG and raises
    SourceMissing."""

    def __init__(self, fetch: Fetch, *, wave_size: int = KEPT) -> None:
        self._fetch = fetch
        self._most = max(KEPT, wave_size)
        self._kept: OrderedDict[tuple[str, str], Pixels] = OrderedDict()

    def facts(self, order: ImageOrder) -> Source:
        """What submission found out about the order's source; raises SourceMissing for an order without one."""
        if order.source is None:
            raise SourceMissing(f"the job {order.job_id} has no source")
        return order.source

    def fetch(self, order: ImageOrder) -> None:
        """Have the picture of an order that begins from one at hand. Raises SourceMissing."""
        if order.source is not None:
            self.of(order)

    def of(self, order: ImageOrder) -> Pixels:
        """The picture (height, width, 3), or 4 where it has alpha; not to be written to. Raises SourceMissing."""
        source = self.facts(order)
        place = (source.bucket, source.key)
        if place not in self._kept:
            with Image.open(io.BytesIO(self._fetch(source)), formats=("PNG",)) as image:
                if image.size != (source.width, source.height):
                    raise SourceMissing(f"the source {source.reference} has changed since the job was submitted")
                self._kept[place] = np.asarray(image.convert("RGBA" if source.alpha else "RGB"))
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(place)
        return self._kept[place]


def on_white(picture: Pixels) -> Pixels:
    """(height, width, 3): what is transparent shows white."""
    if picture.shape[2] == 3:
        return picture
    alpha = picture[..., 3:].astype(np.float32) / 255
    mixed: Pixels = np.rint(picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return mixed
