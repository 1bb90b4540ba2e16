"""Waves: what goes through the model together, and the worker's loop around it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from craftspark.errors import SpotInterrupted
from craftspark.jobs.job import Job
from gpu_tasks.activity import Activities, moved
from gpu_tasks.images.drawn import Drawn, OnStep
from gpu_tasks.images.finishing import Delivered
from gpu_tasks.images.isolation import DeviceLost, draw_each
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.lease import Lease

if TYPE_CHECKING:
    from gpu_tasks.worker.batch_sources import Desk


class Renderer(Protocol):
    """Renders up to `wave_size` images of one kind in one call."""

    wave_size: int

    def kind(self, order: ImageOrder) -> Hashable:
        """Images of the same kind can share a wave. Raises a RenderError where the image cannot be rendered."""

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn | Exception]:
        """A drawing for each order, or why it has none; `on_step` hears the share done, 0 to 1."""

    def finish(self, order: ImageOrder, drawn: Drawn) -> Delivered:
        """The image as it is delivered, made beside the next wave. Raises ImageUndeliverable."""


class Shelf(Protocol):
    """Takes rendered images away, to be stored while the next wave renders."""

    def deliver(self, claim: Claim, order: ImageOrder, drawn: Drawn, render_s: float) -> None:
        """`render_s` is the image's share of its wave, in seconds."""


class Pace(Protocol):
    """Hears how long waves take."""

    def measure(self, jobs: Sequence[Job], seconds: float) -> None:
        """`jobs` are the waves' images', one each."""


class Watch(Protocol):
    """Keeps claims alive while they are worked on."""

    def add(self, claims: Iterable[Claim]) -> None: ...

    def tell(self, claim: Claim) -> None:
        """Have a milestone of the claim's progress told, without waiting for it."""


Wave = list[tuple[Claim, ImageOrder]]


def waves(claims: Sequence[Claim], renderer: Renderer) -> Iterator[Wave]:
    """The claims' missing images, those of one kind together, in the order in which their jobs came.

    A suspect claim shares its waves with no other: what ended the attempt before may have been its own doing.
    """
    by_kind: dict[Hashable, Wave] = defaultdict(list)
    for claim in claims:
        for order in claim.missing:
            try:
                kind = renderer.kind(order), claim if claim.ticket.suspect else None
            except Exception as error:
                claim.failed(order.index, error)
            else:
                by_kind[kind].append((claim, order))
    for same in by_kind.values():
        for start in range(0, len(same), renderer.wave_size):
            yield same[start : start + renderer.wave_size]


def give_back(claims: Iterable[Claim], error: Exception) -> None:
    for claim in claims:
        claim.broke(error)


@dataclass(kw_only=True)
class Worker:
    """Renders one wave after the other; taking batches and storing images happen beside it."""

    desk: Desk
    renderer: Renderer
    shelf: Shelf
    watch: Watch
    lease: Lease
    activities: Activities
    pace: Pace
    wave_s: float = 0.0

    def run(self) -> None:
        """Work until the desk has no more, which it has not once the lease has ended.

        Raises AwsUnreachable where nothing can be taken for too long, and DeviceLost with all claims given back.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="desk") as thread:
            claims = self._take()
            while claims:
                following: Future[list[Claim]] | None = None
                suspect = any(claim.ticket.suspect for claim in claims)
                remaining = list(waves(claims, self.renderer))
                try:
                    while remaining:
                        wave = remaining.pop(0)
                        if not remaining and not suspect:
                            # The next batches are on their way while the last wave of these renders; none beside a
                            # suspect, which may take this process and all that it has claimed along.
                            following = thread.submit(self._take)
                        self.render(wave)
                except DeviceLost as error:
                    self.lease.end()  # nothing more is taken
                    give_back(claims, error)
                    give_back(following.result() if following else (), error)
                    raise
                claims = following.result() if following else self._take()

    def render(self, wave: Wave) -> None:
        """Render one wave and hand its images on. Whatever goes wrong goes to the images it concerns.

        Raises DeviceLost.
        """
        wave = [(claim, order) for claim, order in wave if claim.open]
        if not wave:
            return
        try:
            self.lease.check(self.wave_s)
            began = time.monotonic()
            with self.activities.of("rendering"):
                drawings = draw_each(partial(self._draw, wave), [order for _, order in wave])
            self.wave_s = time.monotonic() - began
        except SpotInterrupted as error:
            for claim, _ in wave:
                claim.broke(error)
            return
        if not any(isinstance(drawn, Exception) for drawn in drawings):
            self.pace.measure([claim.job for claim, _ in wave], self.wave_s)
        for (claim, order), drawn in zip(wave, drawings, strict=True):
            if isinstance(drawn, Exception):
                claim.failed(order.index, drawn)
            else:
                self.shelf.deliver(claim, order, drawn, self.wave_s / len(wave))

    def _draw(self, wave: Wave, orders: Sequence[ImageOrder]) -> list[Drawn | Exception]:
        """Drawings of some of a wave's orders."""
        concerned = [(claim, order) for claim, order in wave if order in orders]

        def on_step(share: float) -> None:
            moved()
            self.lease.check()
            for claim, order in concerned:
                if claim.rendered(order.index, share):
                    self.watch.tell(claim)

        return self.renderer.render(orders, on_step)

    def _take(self) -> list[Claim]:
        claims = self.desk.take(self.renderer.wave_size)
        self.watch.add(claims)
        return claims
