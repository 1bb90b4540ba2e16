"""Waves: images that share one call of a model, in the order in which a worker renders them."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from craftspark.errors.worker import DeviceLost
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.turns import Turns

# The most images that wait in a worker behind another model. Beyond that, other workers take them.
MAX_WAITING = 32

Wave = Sequence[tuple[Claim, ImageOrder]]


class Renderer(Protocol):
    """Renders images of one kind in one call. `wave_size` is the largest number of images of a call.

    A renderer whose models are always loaded inherits the methods for loading.
    """

    wave_size: int

    def preload(self) -> None:
        """Load the models that the memory has room for. Raises ModelUnavailable if none can be loaded."""
        return

    def load(self, model: str) -> None:
        """Load a model, if it is not loaded. Other models may be unloaded for it. Raises ModelUnavailable."""
        return

    def is_loaded(self, model: str) -> bool:
        """Return whether images of this model can be rendered without loading it."""
        return True

    def max_images(self, model: str) -> int:
        """Return the largest number of images of this model in one call."""
        return self.wave_size

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the kind of an image. Images of the same kind can share a wave. Raises a RenderError if the image
        cannot be rendered.
        """

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        """Return a drawing or an error for each order. Calls `on_step` with the completed share, 0 to 1."""

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        """Return the encoded image. Runs in parallel with the next wave. Raises ImageUndeliverable."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which batches should be taken: interactive ones, and bulk ones too with `bulk`."""

    bulk: bool


@dataclass(eq=False)
class WaitingImage:
    """An image that waits for its wave since the time `since`. Its kind is known once its model is loaded."""

    claim: Claim
    order: ImageOrder
    since: float
    kind: Hashable = None

    @property
    def maker(self) -> str:
        return self.claim.job.maker


class WaveQueue:
    """The images that a worker has taken, as waves.

    Interactive images go before bulk images, which only fill the rest of their waves. Makers take turns, within a wave
    and from wave to wave.

    Within a lane, waves of loaded models go first. Another model is loaded if none of them is left, or if an image of
    it has waited for `max_wait_s` since it came and since the last change of the model. So no model starves, and a
    model stays loaded for at least `max_wait_s` as long as it has work. `load` loads a model.
    """

    def __init__(
        self,
        renderer: Renderer,
        max_wait_s: float,
        *,
        load: Callable[[str], None] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._renderer = renderer
        self._load = load or renderer.load
        self._max_wait_s = max_wait_s
        self._now = now
        self._changed_at = now()
        self._waiting: list[WaitingImage] = []
        self._turns = Turns()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def claims(self) -> list[Claim]:
        """The claims with images that wait."""
        return list(dict.fromkeys(each.claim for each in self._waiting))

    @property
    def wanted(self) -> Wanted | None:
        """Which batches should be taken: none if an interactive image of a loaded model waits, and only interactive
        ones if a bulk image of one waits.
        """
        ready = [each for each in self._waiting if self._renderer.is_loaded(each.order.model)]
        if len(self._waiting) >= MAX_WAITING or any(not each.claim.bulk for each in ready):
            return None
        return Wanted(bulk=not ready)

    def add(self, claims: Iterable[Claim]) -> None:
        """Add the missing images of claims."""
        now = self._now()
        self._waiting += [WaitingImage(claim, order, now) for claim in claims for order in claim.missing]

    def put_back(self, wave: Wave) -> None:
        """Add the images of a wave that stopped, before those that wait."""
        now = self._now()
        self._waiting[:0] = [WaitingImage(claim, order, now) for claim, order in wave]

    def pop(self) -> Wave | None:
        """Return the next wave and load its model, or None if no image is left.

        If the model cannot be loaded, all of its images get the error. Raises DeviceLost.
        """
        while waiting := [each for each in self._waiting if each.claim.needs(each.order.index)]:
            self._waiting = waiting
            model = self._choose_model()
            if self._use(model) and (wave := self._pop_wave(model)):
                return [(each.claim, each.order) for each in wave]
        self._waiting = []
        return None

    def _choose_model(self) -> str:
        overdue_at = self._now() - self._max_wait_s
        waiting = [each for each in self._waiting if not each.claim.bulk] or self._waiting
        ready = None
        for each in waiting:
            if self._renderer.is_loaded(each.order.model):
                ready = ready or each.order.model
            elif max(each.since, self._changed_at) <= overdue_at:
                return each.order.model
        return ready or waiting[0].order.model

    def _use(self, model: str) -> bool:
        """Load the model. Returns false after an error, which its images then have."""
        if self._renderer.is_loaded(model):
            return True
        try:
            self._load(model)
        except DeviceLost:
            raise
        except Exception as error:
            self._fail([each for each in self._waiting if each.order.model == model], error)
            return False
        finally:
            self._changed_at = self._now()
        return True

    def _pop_wave(self, model: str) -> list[WaitingImage]:
        """Remove the model's next wave: the image whose turn it is, and then others of the same kind.

        A suspect claim shares its waves with no other claim, because it may have ended the earlier attempt.
        """
        wave: list[WaitingImage] = []
        others = [each for each in self._waiting if each.order.model == model]
        while others and len(wave) < self._renderer.max_images(model):
            each = min(others, key=lambda image: (image.claim.bulk, self._turns.last(image.maker)))
            others.remove(each)
            try:
                kind = self._kind(each)
            except Exception as error:
                self._fail([each], error)
                continue
            if not wave or kind == self._kind(wave[0]):
                wave.append(each)
                self._turns.take(each.maker)
        self._remove(wave)
        return wave

    def _kind(self, image: WaitingImage) -> Hashable:
        if image.kind is None:
            suspect = image.claim if image.claim.handle.suspect else None
            image.kind = self._renderer.kind(image.order), suspect
        return image.kind

    def _fail(self, images: Sequence[WaitingImage], error: Exception) -> None:
        self._remove(images)
        for each in images:
            each.claim.record_failure(each.order.index, error)

    def _remove(self, images: Sequence[WaitingImage]) -> None:
        gone = set(images)
        self._waiting = [each for each in self._waiting if each not in gone]
