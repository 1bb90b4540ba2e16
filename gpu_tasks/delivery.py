"""From pixels to a delivered image, beside the GPU's next wave."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from craftspark.jobs import Job, StoredImage
from craftspark.submissions import utc_now
from gpu_tasks.claim import Claim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THUMBNAIL_PIXELS = 256
THREADS = 2
# Images that may wait to be stored: bounds memory, and lets storing fall behind by a few waves at most.
BACKLOG = 16


@dataclass(frozen=True, kw_only=True)
class RenderedImage:
    """`pixels` has the shape (height, width, 3), 8 bits a channel, sRGB. `render_s` is its share of the wave."""

    pixels: NDArray[np.uint8]
    render_s: float


class Bucket(Protocol):
    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes) -> None: ...


class Book(Protocol):
    def add(self, job: Job, image: StoredImage) -> None:
        """Raises JobEnded."""


class Delivery:
    """Encodes and stores images on threads of its own; a claim hears of each of its images."""

    def __init__(self, *, bucket: Bucket, book: Book) -> None:
        self._bucket = bucket
        self._book = book
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="delivery")
        self._places = threading.BoundedSemaphore(BACKLOG)

    def deliver(self, claim: Claim, index: int, image: RenderedImage) -> None:
        """Store an image soon; waits while too many are waiting."""
        self._places.acquire()
        self._threads.submit(self._store, claim, index, image)

    def close(self) -> None:
        """Wait until all is stored and answered."""
        self._threads.shutdown(wait=True)

    def _store(self, claim: Claim, index: int, image: RenderedImage) -> None:
        try:
            picture = Image.fromarray(image.pixels)
            self._bucket.put(claim.job.job_id, index, png=png_of(picture), thumbnail_webp=thumbnail_of(picture))
            self._book.add(
                claim.job,
                StoredImage(
                    index=index,
                    width=picture.width,
                    height=picture.height,
                    render_s=image.render_s,
                    stored_at=utc_now(),
                ),
            )
            claim.stored(index)
        except Exception as error:
            claim.broke(error)
        finally:
            self._places.release()


def png_of(picture: Image.Image) -> bytes:
    """The same pixels are the same bytes."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return file.getvalue()


def thumbnail_of(picture: Image.Image) -> bytes:
    """A WebP of at most THUMBNAIL_PIXELS on its longer side."""
    small = picture.copy()
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=80)
    return file.getvalue()
