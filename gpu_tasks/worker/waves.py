"""Waves: images that share one call of the model, and the worker's main loop."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from craftspark.errors import DeviceLost, SpotInterrupted
from craftspark.jobs.job import Job
from gpu_tasks.activity import Activities, record_activity
from gpu_tasks.chunks import split_chunks
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.isolation import draw_each
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.lease import Lease

if TYPE_CHECKING:
    from gpu_tasks.worker.batch_sources import BatchSource


class Renderer(Protocol):
    """Renders up to `wave_size` images of one kind in one call."""

    wave_size: int

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the kind of an image. Images of the same kind can share a wave. Raises a RenderError if the image
        cannot be rendered.
        """

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        """Return a drawing or an error for each order. Calls `on_step` with the completed share, 0 to 1."""

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        """Return the encoded image. Runs in parallel with the next wave. Raises ImageUndeliverable."""


class ImageDelivery(Protocol):
    """Stores drawings while the next wave renders."""

    def deliver(self, claim: Claim, order: ImageOrder, drawing: Drawing, render_s: float) -> None:
        """Store an image. `render_s` is the image's share of its wave, in seconds."""


class Pace(Protocol):
    """Measures how long waves take."""

    def measure(self, jobs: Sequence[Job], seconds: float) -> None:
        """Measure a wave. `jobs` has one job for each image of the wave."""


class Watchdog(Protocol):
    """Keeps claims from being taken by other workers."""

    def add(self, claims: Iterable[Claim]) -> None:
        """Watch these claims until they are answered."""

    def report(self, claim: Claim) -> None:
        """Report a milestone of the claim's progress in another thread."""


Wave = Sequence[tuple[Claim, ImageOrder]]


def waves(claims: Sequence[Claim], renderer: Renderer) -> Iterator[Wave]:
    """Group the claims' missing images by kind, in the order of their jobs.

    A suspect claim shares its waves with no other claim, because it may have ended the earlier attempt.
    """
    by_kind: dict[Hashable, list[tuple[Claim, ImageOrder]]] = defaultdict(list)
    for claim in claims:
        for order in claim.missing:
            try:
                kind = renderer.kind(order), claim if claim.handle.suspect else None
            except Exception as error:
                claim.record_failure(order.index, error)
            else:
                by_kind[kind].append((claim, order))
    for same in by_kind.values():
        yield from split_chunks(same, renderer.wave_size)


def return_claims(claims: Iterable[Claim], error: Exception) -> None:
    """Return all claims, so that another worker renders them."""
    for claim in claims:
        claim.abort(error)


@dataclass(kw_only=True)
class Worker:
    """Renders one wave after the other. Taking batches and storing images run in parallel."""

    batch_source: BatchSource
    renderer: Renderer
    delivery: ImageDelivery
    watchdog: Watchdog
    lease: Lease
    activities: Activities
    pace: Pace
    wave_s: float = 0.0

    def run(self) -> None:
        """Work until the batch source has no more claims or the lease has ended.

        Raises AwsUnreachable if no batch can be taken for too long, and DeviceLost after all claims are returned.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="batches") as thread:
            claims = self._take()
            while claims:
                following: Future[list[Claim]] | None = None
                suspect = any(claim.handle.suspect for claim in claims)
                remaining = list(waves(claims, self.renderer))
                try:
                    while remaining:
                        wave = remaining.pop(0)
                        if not remaining and not suspect:
                            # Take the next batches while the last wave renders, but not with a suspect claim: it may
                            # end this process with all of its claims.
                            following = thread.submit(self._take)
                        self.render(wave)
                except DeviceLost as error:
                    self.lease.end()  # take no more batches
                    return_claims(claims, error)
                    return_claims(following.result() if following else (), error)
                    raise
                claims = following.result() if following else self._take()

    def render(self, wave: Wave) -> None:
        """Render one wave and deliver its images. An error affects only its own images.

        Raises DeviceLost.
        """
        wave = [(claim, order) for claim, order in wave if claim.open]
        if not wave:
            return
        try:
            self.lease.check(self.wave_s)
            started = time.monotonic()
            with self.activities.track("rendering"):
                drawings = draw_each(partial(self._draw, wave), [order for _, order in wave])
            self.wave_s = time.monotonic() - started
        except SpotInterrupted as error:
            for claim, _ in wave:
                claim.abort(error)
            return
        if not any(isinstance(drawing, Exception) for drawing in drawings):
            self.pace.measure([claim.job for claim, _ in wave], self.wave_s)
        for (claim, order), drawing in zip(wave, drawings, strict=True):
            if isinstance(drawing, Exception):
                claim.record_failure(order.index, drawing)
            else:
                self.delivery.deliver(claim, order, drawing, self.wave_s / len(wave))

    def _draw(self, wave: Wave, orders: Sequence[ImageOrder]) -> list[Drawing | Exception]:
        """Draw some of a wave's orders."""
        concerned = [(claim, order) for claim, order in wave if order in orders]

        def on_step(share: float) -> None:
            record_activity()
            self.lease.check()
            for claim, order in concerned:
                if claim.record_progress(order.index, share):
                    self.watchdog.report(claim)

        return self.renderer.render(orders, on_step)

    def _take(self) -> list[Claim]:
        claims = self.batch_source.take(self.renderer.wave_size)
        self.watchdog.add(claims)
        return claims
