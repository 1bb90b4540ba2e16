"""Waves: what goes through the model together, and the worker's loop around it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from craftspark.errors import ImageUndeliverable
from gpu_tasks.claim import Claim, ImageOrder
from gpu_tasks.drawn import Drawn, OnStep
from gpu_tasks.finishing import Delivered
from gpu_tasks.lease import Lease

if TYPE_CHECKING:
    from gpu_tasks.desks import Desk


class Renderer(Protocol):
    """Renders up to `wave_size` images of one kind in one call."""

    wave_size: int

    def kind(self, order: ImageOrder) -> Hashable:
        """Images of the same kind can share a wave. Raises a RenderError where the image cannot be rendered."""

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn | ImageUndeliverable]:
        """A drawing for each order, or why it has none; `on_step` hears the share done, 0 to 1."""

    def finish(self, order: ImageOrder, drawn: Drawn) -> Delivered:
        """The image as it is delivered, made beside the next wave. Raises ImageUndeliverable."""


class Shelf(Protocol):
    """Takes rendered images away, to be stored while the next wave renders."""

    def deliver(self, claim: Claim, order: ImageOrder, drawn: Drawn, render_s: float) -> None:
        """`render_s` is the image's share of its wave, in seconds."""


class Watch(Protocol):
    """Keeps claims alive while they are worked on."""

    def add(self, claims: Iterable[Claim]) -> None: ...


Wave = list[tuple[Claim, ImageOrder]]


def waves(claims: Sequence[Claim], renderer: Renderer) -> Iterator[Wave]:
    """The claims' missing images, those of one kind together, in the order in which their jobs came."""
    by_kind: dict[Hashable, Wave] = defaultdict(list)
    for claim in claims:
        try:
            for order in claim.missing:
                by_kind[renderer.kind(order)].append((claim, order))
        except Exception as error:
            claim.broke(error)
    for same in by_kind.values():
        for start in range(0, len(same), renderer.wave_size):
            yield same[start : start + renderer.wave_size]


@dataclass(kw_only=True)
class Worker:
    """Renders one wave after the other; taking batches and storing images happen beside it."""

    desk: Desk
    renderer: Renderer
    shelf: Shelf
    watch: Watch
    lease: Lease
    wave_s: float = 0.0

    def run(self) -> None:
        """Work until the desk has no more, which it has not once the lease has ended."""
        with ThreadPoolExecutor(1, thread_name_prefix="desk") as thread:
            claims = self._take()
            while claims:
                following: Future[list[Claim]] | None = None
                remaining = list(waves(claims, self.renderer))
                while remaining:
                    wave = remaining.pop(0)
                    if not remaining:
                        # The next batches are on their way while the last wave of these renders.
                        following = thread.submit(self._take)
                    self.render(wave)
                claims = following.result() if following else self._take()

    def render(self, wave: Wave) -> None:
        """Render one wave and hand its images on. Whatever goes wrong goes to the claims it concerns."""
        wave = [(claim, order) for claim, order in wave if claim.open]
        if not wave:
            return
        try:
            self.lease.check(self.wave_s)
            began = time.monotonic()
            told = 0.0

            def on_step(share: float) -> None:
                nonlocal told
                self.lease.step()
                for claim, _ in wave:
                    claim.rendered_images += share - told
                told = share

            pictures = self.renderer.render([order for _, order in wave], on_step)
            self.wave_s = time.monotonic() - began
            for (claim, order), drawn in zip(wave, pictures, strict=True):
                if isinstance(drawn, ImageUndeliverable):
                    claim.failed(order.index, drawn)
                else:
                    self.shelf.deliver(claim, order, drawn, self.wave_s / len(wave))
        except Exception as error:
            for claim, _ in wave:
                claim.broke(error)

    def _take(self) -> list[Claim]:
        claims = self.desk.take(self.renderer.wave_size)
        self.watch.add(claims)
        return claims
