"""The worker's main loop: it renders one wave after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger

from craftspark.errors import SpotInterrupted
from craftspark.errors.worker import DeviceLost
from craftspark.jobs.job import Job
from gpu_tasks.activity import Activities, record_activity
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.isolation import WaveStopped, draw_each
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.retries import Retrier
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.claim_taker import ClaimTaker
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.wave_queue import Renderer, Wave, WaveQueue

if TYPE_CHECKING:
    from gpu_tasks.worker.batch_sources import BatchSource

logger = Logger(service="gpu_worker")


class ImageDelivery(Protocol):
    """Stores drawings while the next wave renders."""

    def deliver(self, claim: Claim, order: ImageOrder, drawing: Drawing, render_s: float) -> None:
        """Store an image. `render_s` is the image's share of its wave, in seconds."""


class Pace(Protocol):
    """Measures how long waves take."""

    def measure(self, jobs: Sequence[Job], seconds: float) -> None:
        """Measure a wave. `jobs` has one job for each image of the wave."""


class Coming(Protocol):
    """The claims that are taken while a wave renders."""

    @property
    def has_interactive(self) -> bool:
        """Whether an interactive claim has been taken."""


class Watchdog(Protocol):
    """Keeps claims from being taken by other workers."""

    def add(self, claims: Iterable[Claim]) -> None:
        """Watch these claims until they are answered."""

    def report(self, claim: Claim) -> None:
        """Report a milestone of the claim's progress in another thread."""


def return_claims(claims: Iterable[Claim], error: Exception) -> None:
    """Return all claims, so that another worker renders them."""
    for claim in claims:
        claim.abort(error)


def stop_if_worth_it(share: float, spent_s: float, least_s: float) -> None:
    """Raise WaveStopped if the wave, whose `share` took `spent_s` seconds, still takes at least `least_s` seconds. What
    is lost is never more than what the others gain.
    """
    if 0 < share <= 0.5 and spent_s * (1 - share) / share >= least_s:
        raise WaveStopped


@dataclass(kw_only=True)
class Worker:
    """Renders one wave after the other. Taking batches and storing images run in parallel.

    A wave of bulk images stops at a denoising step for interactive images that come during it, if at least
    `stop_bulk_s` seconds of it are left and no more than half of it is lost. Its images are drawn again later.
    """

    batch_source: BatchSource
    renderer: Renderer
    delivery: ImageDelivery
    watchdog: Watchdog
    lease: Lease
    activities: Activities
    pace: Pace
    retrier: Retrier = field(default_factory=Retrier)
    max_model_wait_s: float = 60.0
    stop_bulk_s: float = 10.0
    wave_s: float = 0.0
    load_s: float = 0.0
    _stopped: set[tuple[Claim, int]] = field(default_factory=set, init=False)

    def run(self) -> None:
        """Work until the batch source has no more claims or the lease has ended.

        Raises AwsUnreachable if no batch can be taken for too long, and DeviceLost after all claims are returned.
        """
        queue = WaveQueue(self.renderer, self.max_model_wait_s, load=self._load)
        wave: Wave | None = None
        taker = ClaimTaker(self._take)
        try:
            while True:
                claims = taker.collect()
                if claims is None:
                    claims = [] if queue else self._take(wait=True, bulk=True)
                queue.add(claims)
                if not queue and not claims:
                    return
                suspect = any(claim.handle.suspect for claim in queue.claims)
                if (wave := queue.pop()) is None:
                    continue
                if (wanted := queue.wanted) and not suspect:
                    # Take the next batches while the wave renders, but not with a suspect claim: it may end this
                    # process with all of its claims.
                    taker.start(wait=not queue, bulk=wanted.bulk)
                queue.put_back(self.render(wave, taker))
        except DeviceLost as error:
            self.lease.end()  # take no more batches
            return_claims([*(claim for claim, _ in wave or ()), *queue.claims], error)
            return_claims(taker.collect() or (), error)
            raise
        finally:
            taker.close()

    def render(self, wave: Wave, coming: Coming) -> Wave:
        """Render one wave and deliver its images. An error affects only its own images.

        Returns the images of a wave that stopped for others. Raises DeviceLost.
        """
        self._refresh(wave)
        wave = [(claim, order) for claim, order in wave if claim.needs(order.index)]
        if not wave:
            return ()
        stops_for = coming if self._may_stop(wave) else None
        try:
            self.lease.check(self.wave_s)
            started = time.monotonic()
            with self.activities.track("rendering"):
                drawings = draw_each(partial(self._draw, wave, stops_for), [order for _, order in wave])
            self.wave_s = time.monotonic() - started
        except SpotInterrupted as error:
            for claim, _ in wave:
                claim.abort(error)
            return ()
        except WaveStopped:
            self._stopped.update((claim, order.index) for claim, order in wave)
            logger.info("wave stopped", extra={"images": len(wave), "lost_s": round(time.monotonic() - started, 1)})
            return wave
        if not any(isinstance(drawing, Exception) for drawing in drawings):
            self.pace.measure([claim.job for claim, _ in wave], self.wave_s)
        for (claim, order), drawing in zip(wave, drawings, strict=True):
            if isinstance(drawing, Exception):
                claim.record_failure(order.index, drawing)
            else:
                self.delivery.deliver(claim, order, drawing, self.wave_s / len(wave))
        return ()

    def _refresh(self, wave: Wave) -> None:
        """Read what other workers have stored of the wave's batches, if they may have stored something. An image that
        is stored is not drawn again.
        """
        for claim in {claim for claim, _ in wave if claim.active}:
            try:
                self.retrier.call("read of a batch in doubt", claim.refresh)
            except Exception as error:
                claim.abort(error)

    def _may_stop(self, wave: Wave) -> bool:
        """Return whether all of the wave's images are bulk images, and none of them was in a wave that stopped."""
        self._stopped = {(claim, index) for claim, index in self._stopped if claim.active}
        return all(claim.bulk and (claim, order.index) not in self._stopped for claim, order in wave)

    def _draw(self, wave: Wave, stops_for: Coming | None, orders: Sequence[ImageOrder]) -> list[Drawing | Exception]:
        """Draw some of a wave's orders. The wave stops for the claims of `stops_for`."""
        started = time.monotonic()
        concerned = [(claim, order) for claim, order in wave if order in orders]

        def on_step(share: float) -> None:
            record_activity()
            self.lease.check()
            if stops_for and stops_for.has_interactive:
                stop_if_worth_it(share, time.monotonic() - started, self.stop_bulk_s)
            for claim, order in concerned:
                if claim.record_progress(order.index, share):
                    self.watchdog.report(claim)

        return self.renderer.render(orders, on_step)

    def _load(self, model: str) -> None:
        """Load a model. Raises SpotInterrupted if there is no time left for it and a wave, and AwsUnreachable."""
        self.lease.check(self.load_s + self.wave_s)
        started = time.monotonic()
        with self.activities.track("loading of a model"):
            self.retrier.call("load of a model", lambda: self.renderer.load(model))
        self.load_s = time.monotonic() - started

    def _take(self, *, wait: bool, bulk: bool) -> list[Claim]:
        claims = self.batch_source.take(self.renderer.wave_size, wait=wait, bulk=bulk)
        self.watchdog.add(claims)
        return claims
