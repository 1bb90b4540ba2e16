"""Interactive images go before bulk images: between two waves, and at a step of a long wave where it is worth it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from gpu_tasks.activity import Activities
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.isolation import WaveStopped
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.claim_taker import FRESH_S, ClaimTaker
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.waves import Worker, stop_if_worth_it
from tests.fakes import FakeBatchSource, FakeDelivery, FakeHandle, FakePace, FakeRenderer, FakeWatchdog, a_batch, a_job

BULK, FIRST, SECOND = "b" * 26, "i" * 26, "j" * 26
COMES_S = 10.0  # at most, until a notified thread continues


def a_claim(job_id: str, *, lane: str, images: int = 1, suspect: bool = False) -> Claim:
    job = a_job(job_id=job_id, lane=lane, seeds=tuple(range(images)))
    return Claim(FakeHandle(a_batch(job, images), suspect=suspect), job, stored=())


class Lanes(FakeBatchSource):
    """Has a bulk claim, and an interactive claim from `come` on."""

    def __init__(self, bulk: Claim, interactive: Claim) -> None:
        super().__init__([bulk])
        self.come = threading.Event()
        self._interactive = [interactive]
        self.asked: list[tuple[bool, bool]] = []

    def take(self, images: int, *, wait: bool = True, bulk: bool = True) -> list[Claim]:
        self.asked.append((wait, bulk))
        if claims := super().take(images) if bulk else []:
            return claims
        assert self.come.wait(COMES_S)
        return [self._interactive.pop()] if self._interactive else []


class Stepping(FakeRenderer):
    """Draws one image in four steps. During the second step of its first wave, an interactive claim comes."""

    def __init__(self, come: threading.Event) -> None:
        super().__init__(wave_size=1)
        self.come = come
        self.steps: list[tuple[str, int]] = []

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        for step in range(1, 5):
            self.steps.append((wave[0].job_id, step))
            if step == 2:
                self.come.set()
            on_step(step / 4)
        return super().render(wave, on_step)


def a_worker(source: FakeBatchSource, renderer: FakeRenderer, *, stop_bulk_s: float) -> Worker:
    return Worker(
        batch_source=source,
        renderer=renderer,
        delivery=FakeDelivery(),
        watchdog=FakeWatchdog(),
        lease=Lease(grace_s=100),
        activities=Activities(),
        pace=FakePace(),
        stop_bulk_s=stop_bulk_s,
    )


@dataclass
class Coming:
    """Says whether interactive claims have come."""

    has_interactive: bool


def wave_of(claim: Claim) -> list[tuple[Claim, ImageOrder]]:
    return [(claim, order) for order in claim.missing]


def test_an_interactive_image_that_comes_during_a_bulk_wave_is_in_the_next_wave() -> None:
    bulk, interactive = a_claim(BULK, lane="bulk", images=3), a_claim(FIRST, lane="interactive")
    source = Lanes(bulk, interactive)
    renderer = Stepping(source.come)

    a_worker(source, renderer, stop_bulk_s=1000).run()

    assert [job for [(job, _)] in renderer.waves] == [BULK, FIRST, BULK, BULK]
    assert len(bulk.handle.answers) == len(interactive.handle.answers) == 1  # type: ignore[attr-defined]


def test_a_bulk_wave_stops_for_interactive_images_and_is_drawn_again_once() -> None:
    bulk = a_claim(BULK, lane="bulk")
    renderer = Stepping(threading.Event())
    worker = a_worker(FakeBatchSource(), renderer, stop_bulk_s=0)
    wave = wave_of(bulk)

    put_back = worker.render(wave, Coming(has_interactive=True))
    again = worker.render(put_back, Coming(has_interactive=True))

    assert (put_back, again) == (wave, ())
    assert [step for _, step in renderer.steps] == [1, 1, 2, 3, 4]
    assert len(bulk.handle.answers) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(("lane", "come"), [("interactive", True), ("bulk", False)])
def test_other_waves_do_not_stop(lane: str, come: bool) -> None:
    worker = a_worker(FakeBatchSource(), Stepping(threading.Event()), stop_bulk_s=0)

    assert worker.render(wave_of(a_claim(BULK, lane=lane)), Coming(has_interactive=come)) == ()


@pytest.mark.parametrize(
    ("share", "spent_s", "stops"),
    [
        (0.25, 5.0, True),  # 15 s are left
        (0.25, 3.0, False),  # 9 s are left
        (0.5, 12.0, True),
        (0.55, 60.0, False),  # more would be lost than gained
        (0.0, 60.0, False),  # the wave has made no step
    ],
)
def test_a_wave_stops_where_the_others_gain_more_than_is_lost(share: float, spent_s: float, stops: bool) -> None:
    if stops:
        with pytest.raises(WaveStopped):
            stop_if_worth_it(share, spent_s, 10.0)
    else:
        stop_if_worth_it(share, spent_s, 10.0)


class Takes:
    """Returns its claims, call by call, and records what it was asked for."""

    def __init__(self, *claims: list[Claim]) -> None:
        self._claims = list(claims)
        self.asked: list[tuple[bool, bool]] = []
        self.called = threading.Event()

    def __call__(self, *, wait: bool, bulk: bool) -> list[Claim]:
        self.asked.append((wait, bulk))
        self.called.set()
        return self._claims.pop(0) if self._claims else []


def test_a_worker_looks_for_interactive_claims_after_it_has_taken_a_bulk_claim() -> None:
    bulk, interactive = a_claim(BULK, lane="bulk"), a_claim(FIRST, lane="interactive")
    take = Takes([bulk], [interactive])
    seconds = iter([0.0, 2 * FRESH_S])
    taker = ClaimTaker(take, now=lambda: next(seconds))

    taker.start(wait=True, bulk=True)
    assert take.called.wait(COMES_S)
    claims = taker.collect()
    taker.close()

    assert claims == [bulk, interactive]
    assert take.asked == [(True, True), (False, False)]


def test_no_claim_is_taken_beside_a_suspect_one() -> None:
    suspect = a_claim(BULK, lane="bulk", suspect=True)
    take = Takes([suspect], [a_claim(FIRST, lane="interactive")])
    taker = ClaimTaker(take)

    taker.start(wait=False, bulk=True)
    claims = taker.collect()
    taker.close()

    assert claims == [suspect]
    assert take.asked == [(False, True)]


def test_a_short_wave_does_not_wait_for_a_second_look() -> None:
    take = Takes([])
    taker = ClaimTaker(take, now=lambda: 0.0)

    taker.start(wait=False, bulk=False)
    claims = taker.collect()
    taker.close()

    assert (claims, take.asked) == ([], [(False, False)])


def test_nothing_is_collected_that_was_not_asked_for() -> None:
    taker = ClaimTaker(Takes())

    assert (taker.collect(), taker.has_interactive) == (None, False)
    taker.close()
